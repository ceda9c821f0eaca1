import json

import pytest
import torch
from safetensors.torch import save_file

from forethought.backbones import base_folder
from forethought.doctor import Status
from forethought.doctor.weights_check import check_weights, inspect_weights


@pytest.fixture
def sharded(tmp_path):
    """Two shards with 12 and 10 parameters."""
    save_file({"a": torch.ones(3, 4)}, tmp_path / "one.safetensors")
    save_file({"b": torch.ones(2, 5, dtype=torch.bfloat16)}, tmp_path / "two.safetensors")
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    return tmp_path


def check(folder):
    return check_weights(folder, inspect_weights(folder))


def test_the_headers_give_number_and_dtypes_of_parameters(sharded):
    finding = check(sharded)
    assert finding.status is Status.OK
    assert finding.message == "2 files, 22 parameters (BF16, F32), complete"


def test_a_truncated_file_fails(sharded):
    path = sharded / "two.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    finding = check(sharded)
    assert finding.status is Status.FAIL
    assert (
        finding.message
        == f"two.safetensors is truncated: {len(content) - 3} of {len(content)} bytes"
    )


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is not a safetensors file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "is a git-lfs pointer, not the weights",
        ),
        (b"PK\x03\x04 a pickle of sorts", "is not a safetensors file"),
        (b"\x05\0\0\0\0\0\0\0[1,2]", "has no readable header"),
        (b"\x02\0\0\0\0\0\0\0{}", "has no readable header"),
        (b"\x40\0\0\0\0\0\0\0{", "has no readable header"),
    ],
)
def test_a_file_of_another_format_fails(tmp_path, content, fault):
    (tmp_path / "model.safetensors").write_bytes(content)
    assert fault in check(tmp_path).message
    assert not inspect_weights(tmp_path).loadable


def test_a_missing_shard_fails_and_no_shard_at_all_is_a_warning(sharded):
    (sharded / "one.safetensors").unlink()
    assert check(sharded).message == "1 of 2 shards are missing, first one.safetensors"
    (sharded / "two.safetensors").unlink()
    finding = check(sharded)
    assert finding.status is Status.WARN
    assert finding.message.startswith("weights absent")


def test_an_unreadable_index_fails(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text("[]")
    assert "cannot be read" in check(tmp_path).message


def test_pickles_alone_fail(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    finding = check(tmp_path)
    assert finding.status is Status.FAIL
    assert "never opened" in finding.message


def test_the_parameters_of_an_adapter_include_its_base(sharded, tmp_path):
    folder = tmp_path / "adapter"
    folder.mkdir()
    save_file({"c": torch.ones(7)}, folder / "adapter_model.safetensors")
    config = {"base_model_name_or_path": str(sharded)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    assert base_folder(folder) == sharded
    assert inspect_weights(folder).num_parameters == 22 + 7
    weights = inspect_weights(folder)
    applied = check_weights(folder, weights, loaded=True)
    assert applied.message.endswith("; 1 of 1 adapter tensors found their place")
    assert check(folder).message.endswith("; 1 adapter tensors not applied yet")
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "nobody/nothing"}')
    assert base_folder(folder) == folder


@pytest.mark.parametrize(
    ("pickle", "fault"),
    [(False, "adapter_model.safetensors is missing"), (True, "only a pickle (adapter_model.bin)")],
)
def test_an_adapter_without_safetensors_fails(sharded, tmp_path, pickle, fault):
    folder = tmp_path / "adapter"
    folder.mkdir()
    config = {"base_model_name_or_path": str(sharded)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    if pickle:
        (folder / "adapter_model.bin").write_bytes(b"x")
    finding = check(folder)
    assert finding.status is Status.FAIL
    assert finding.message.startswith(fault)
