import json
import shutil

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from forethought.backbones import check_same_configs, load_checkpoint, merge_checkpoints
from forethought.errors import ModelError
from tests.backbones.networks import network

CONFIG = {"model_type": "qwen2_vl", "dtype": "float32", "text_config": {"hidden_size": 4}}


@pytest.fixture
def write(tmp_path):
    """Writes a folder with these tensors, in one file or in two; gives the folder."""

    def make(name, tensors, *, config=(), shards=1):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps({**CONFIG, **dict(config)}))
        names = sorted(tensors)
        parts = [names] if shards == 1 else [names[::2], names[1::2]]
        files = [f"model-{i}.safetensors" for i in range(len(parts))]
        files = ["model.safetensors"] if shards == 1 else files
        for file, part in zip(files, parts, strict=True):
            save_file({one: tensors[one] for one in part}, folder / file, {"format": "pt"})
        if shards > 1:
            places = {one: file for file, part in zip(files, parts, strict=True) for one in part}
            (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
        return folder

    return make


@pytest.fixture
def out(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def tensors(seed, dtype=torch.float32):
    """A matrix of 3 x 5, a vector of 2, a number, and a buffer of whole numbers."""
    made = torch.Generator().manual_seed(seed)
    return {
        "a.weight": torch.randn(3, 5, generator=made).to(dtype),
        "b.bias": torch.randn(2, generator=made).to(dtype),
        "c.scale": torch.randn((), generator=made).to(dtype),
        "d.positions": torch.arange(4),
    }


def test_matches_values_worked_out_by_hand(write, out):
    # 0.25 x 8 + 0.75 x 4 = 5; 0.25 x 1 + 0.75 x -3 = -2
    first = write("first", {"w": torch.tensor([8.0, 1.0])})
    second = write("second", {"w": torch.tensor([4.0, -3.0])})
    assert merge_checkpoints([first, second], out, weights=[0.25, 0.75]) == 1
    assert load_file(out / "model.safetensors")["w"].tolist() == [5.0, -2.0]
    assert json.loads((out / "config.json").read_text()) == CONFIG


@pytest.mark.parametrize("shards", [(1, 1, 1), (2, 1, 2)], ids=str)
def test_is_the_weighted_mean_in_the_files_of_the_first(write, out, shards):
    each = [tensors(seed) for seed in (1, 2, 3)]
    folders = [
        write(f"m{i}", part, shards=n) for i, (part, n) in enumerate(zip(each, shards, strict=True))
    ]
    shares = [0.5, 0.2, 0.3]
    merge_checkpoints(folders, out, weights=shares)
    assert {path.name for path in out.iterdir()} == {path.name for path in folders[0].iterdir()}
    found: dict[str, torch.Tensor] = {}
    for path in out.glob("*.safetensors"):
        found |= load_file(path)
        with safe_open(path, "pt") as opened:
            assert opened.metadata() == {"format": "pt"}
    assert found.keys() == each[0].keys()
    for name in ("a.weight", "b.bias", "c.scale"):
        expected = sum(w * part[name].double() for w, part in zip(shares, each, strict=True))
        torch.testing.assert_close(found[name], expected.float())
        assert found[name].shape == each[0][name].shape
    assert torch.equal(found["d.positions"], torch.arange(4))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_equal_checkpoints_are_merged_to_the_last_bit(write, out, dtype, count):
    made = write("first", tensors(5, dtype))
    folders = [made, *(write(f"m{i}", tensors(5, dtype)) for i in range(count - 1))]
    merge_checkpoints(folders, out, weights=[1 / count] * count)
    name = "model.safetensors"
    assert (out / name).read_bytes() == (made / name).read_bytes()


def test_a_weight_of_one_gives_that_checkpoint_to_the_last_bit(write, out):
    first, second = write("first", tensors(1)), write("second", tensors(2))
    merge_checkpoints([first, second], out, weights=[0.0, 1.0])
    name = "model.safetensors"
    assert (out / name).read_bytes() == (second / name).read_bytes()


def test_the_average_is_made_in_float32_and_written_as_the_first(write, out):
    # bfloat16 has 8 bits: 1 and 1 + 2**-6 are its numbers, and 1 + 2**-7 is their mean. A third
    # of float32, 1 + 2**-20, is lost only at the end.
    first = write("first", {"w": torch.tensor([1.0], dtype=torch.bfloat16)})
    second = write("second", {"w": torch.tensor([1.0 + 2**-6], dtype=torch.bfloat16)})
    third = write("third", {"w": torch.tensor([1.0 + 2**-6 + 2**-20])})
    merge_checkpoints([first, second, third], out, weights=[0.5, 0.25, 0.25])
    found = load_file(out / "model.safetensors")["w"]
    assert found.dtype == torch.bfloat16
    assert found.item() == 1 + 2**-7


def test_infinities_that_all_checkpoints_share_stay(write, out):
    mask = torch.tensor([0.0, -torch.inf])
    folders = [write(f"m{i}", {"mask": mask, "w": torch.full((3,), float(i))}) for i in range(2)]
    merge_checkpoints(folders, out, weights=[0.5, 0.5])
    assert torch.equal(load_file(out / "model.safetensors")["mask"], mask)


def test_progress_counts_tensors(write, out):
    folders = [write(f"m{i}", tensors(i)) for i in range(2)]
    reports = []
    merge_checkpoints(
        folders,
        out,
        weights=[0.5, 0.5],
        progress=lambda done, total, *_: reports.append((done, total)),
    )
    assert reports == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_real_network_is_loaded_with_the_average(tmp_path, out, dtype):
    from forethought.backbones import save_checkpoint

    made = [network(seed) for seed in (1, 2)]
    for index, one in enumerate(made):
        save_checkpoint(one, tmp_path / f"n{index}", dtype=dtype)
    merge_checkpoints([tmp_path / "n0", tmp_path / "n1"], out, weights=[0.4, 0.6])
    found = dict(load_checkpoint(out).network.named_parameters())
    step = 2**-8 if dtype == torch.bfloat16 else 1e-6  # half the distance of neighbours
    first, second = (dict(one.named_parameters()) for one in made)
    for name in first:
        expected = 0.4 * first[name].to(dtype).double() + 0.6 * second[name].to(dtype).double()
        torch.testing.assert_close(found[name].double(), expected, rtol=step, atol=1e-6)


def changed(seed, **changes):
    """Tensors with some of them replaced; None leaves one out."""
    made = {**tensors(seed), **{name.replace("_", "."): value for name, value in changes.items()}}
    return {name: value for name, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (changed(2, b_bias=None), r"second: lacks 1 tensors that .*first has, first b\.bias"),
        (
            changed(2, e_more=torch.ones(2), f_more=torch.ones(2)),
            r"first: lacks 2 tensors that .*second has, first e\.more",
        ),
        (
            changed(2, a_weight=torch.ones(5, 3)),
            r"second: a\.weight has shape \(5, 3\), and \(3, 5\) in .*first",
        ),
        (
            changed(2, d_positions=torch.arange(4) + 1),
            r"second: d\.positions \(torch\.int64\) differs from that of .*first",
        ),
        (
            changed(2, b_bias=torch.arange(2)),
            r"second: b\.bias \(torch\.int64\) differs from that of .*first \(torch\.float32\)",
        ),
        (changed(2, b_bias=torch.tensor([1.0, np.nan])), r"b\.bias: the average is not finite"),
    ],
    ids=["missing", "extra", "shape", "whole numbers", "kind", "nan"],
)
def test_what_differs_is_named(write, out, other, message):
    folders = [write("first", tensors(1)), write("second", other)]
    with pytest.raises(ModelError, match=message):
        merge_checkpoints(folders, out, weights=[0.5, 0.5])


def test_configs_may_differ_in_what_changes_nothing(write):
    config = {"dtype": "bfloat16", "transformers_version": "4.0", "text_config": {"hidden_size": 4}}
    check_same_configs([write("first", {}), write("second", {}, config=config)])


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"text_config": {"hidden_size": 5}},
            r"second: text_config\.hidden_size is 5 in config.json, and 4 in .*first",
        ),
        ({"more": 1}, r"second: more is 1 in config.json, and None in .*first"),
    ],
)
def test_other_configs_are_refused(write, out, config, message):
    folders = [write("first", tensors(1)), write("second", tensors(2), config=config)]
    with pytest.raises(ModelError, match=message):
        merge_checkpoints(folders, out, weights=[0.5, 0.5])
    assert not list(out.iterdir())


def test_folders_without_what_is_needed_are_refused(write, out, tmp_path):
    first = write("first", tensors(1))
    for name, spoil, message in [
        ("no-config", lambda f: (f / "config.json").unlink(), "no readable config.json"),
        ("no-weights", lambda f: (f / "model.safetensors").unlink(), "weights cannot be read"),
        (
            "cut",
            lambda f: (f / "model.safetensors").write_bytes(
                (f / "model.safetensors").read_bytes()[:-3]
            ),
            "weights cannot be read",
        ),
    ]:
        folder = tmp_path / name
        shutil.copytree(first, folder)
        spoil(folder)
        with pytest.raises(ModelError, match=f"{name}: .*{message}"):
            merge_checkpoints([first, folder], out, weights=[0.5, 0.5])


def test_an_index_cannot_name_a_file_outside(write, out, tmp_path):
    first = write("first", tensors(1))
    folder = write("second", tensors(2), shards=2)
    save_file({"x": torch.ones(1)}, tmp_path / "stray.safetensors")
    index = {"weight_map": {"x": "../stray.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"names .*stray.safetensors, a file of another folder"):
        merge_checkpoints([first, folder], out, weights=[0.5, 0.5])
