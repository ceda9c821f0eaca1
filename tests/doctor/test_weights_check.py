import json

import pytest
import torch
from safetensors.torch import save_file

from forethought.backbones import base_folder
from forethought.doctor import Status
from forethought.doctor.weights_check import check_weights, inspect_weights


@pytest.fixture
def sharded(tmp_path):
    """Two shards: 12 + 10 numbers."""
    save_file({"a": torch.ones(3, 4)}, tmp_path / "one.safetensors")
    save_file({"b": torch.ones(2, 5, dtype=torch.bfloat16)}, tmp_path / "two.safetensors")
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    return tmp_path


def found(folder):
    return check_weights(folder, inspect_weights(folder))


def test_headers_say_how_many_numbers_there_are_and_of_which_types(sharded):
    told = found(sharded)
    assert told.status is Status.OK
    assert told.told == "2 files, 22 parameters (BF16, F32), whole"


def test_a_truncated_file_is_told_from_its_header(sharded):
    path = sharded / "two.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    told = found(sharded)
    assert told.status is Status.FAIL
    assert told.told == f"two.safetensors is truncated: {len(whole) - 3} of {len(whole)} bytes"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no safetensors file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "is a git-lfs pointer, not the weights",
        ),
        (b"PK\x03\x04 a pickle of sorts", "is no safetensors file"),
        (b"\x05\0\0\0\0\0\0\0[1,2]", "has no readable header"),
        (b"\x02\0\0\0\0\0\0\0{}", "has no readable header"),
        (b"\x40\0\0\0\0\0\0\0{", "has no readable header"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path, content, said):
    (tmp_path / "model.safetensors").write_bytes(content)
    assert said in found(tmp_path).told
    assert not inspect_weights(tmp_path).usable


def test_a_missing_shard_is_a_failure_and_all_of_them_are_weights_left_behind(sharded):
    (sharded / "one.safetensors").unlink()
    assert found(sharded).told == "1 of 2 shards are missing, the first one.safetensors"
    (sharded / "two.safetensors").unlink()
    told = found(sharded)
    assert told.status is Status.WARN
    assert told.told.startswith("weights absent")


def test_an_index_that_is_none_is_a_failure(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text("[]")
    assert "cannot be read" in found(tmp_path).told


def test_pickles_alone_are_a_failure(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    told = found(tmp_path)
    assert told.status is Status.FAIL
    assert "never opened" in told.told


def test_an_adapter_stands_on_its_base(sharded, tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    save_file({"c": torch.ones(7)}, folder / "adapter_model.safetensors")
    told = {"base_model_name_or_path": str(sharded)}
    (folder / "adapter_config.json").write_text(json.dumps(told))
    assert base_folder(folder) == sharded
    assert inspect_weights(folder).parameters == 22 + 7
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "nobody/nothing"}')
    assert base_folder(folder) == folder
