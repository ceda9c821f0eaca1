import json
import shutil

import pytest
import torch
from safetensors.torch import save_file

from forethought.backbones import revision, revision_of, save_checkpoint
from tests.backbones.networks import network


def test_the_revision_changes_with_a_weight_or_a_setting_and_nothing_else(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    first = revision_of(tmp_path)
    assert len(first) == 12
    int(first, 16)
    (tmp_path / "README.md").write_text("a card")
    assert revision_of(tmp_path) == first
    save_checkpoint(network(2), tmp_path, dtype=torch.float32)
    second = revision_of(tmp_path)
    (tmp_path / "gate.json").write_text("{}")
    assert len({first, second, revision_of(tmp_path)}) == 3


def test_a_copy_has_the_same_revision(tmp_path):
    save_file({"a": torch.ones(3, 4)}, tmp_path / "model.safetensors")
    copied = shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("copy"))
    (copied / "model.safetensors").touch()
    assert revision_of(copied) == revision_of(tmp_path)


@pytest.mark.parametrize("name", ["small", "norm", "large"])
def test_each_tensor_that_changes_changes_the_revision(tmp_path, name):
    tensors = {
        "small": torch.arange(6.0).view(2, 3),
        "norm": torch.ones(7),
        # 240,000 bytes, of which 65,536 are read.
        "large": torch.ones(200, 300),
    }
    path = tmp_path / "model.safetensors"
    save_file(tensors, path)
    first = revision_of(tmp_path)
    save_file({**tensors, name: tensors[name] * 1.01}, path)
    assert revision_of(tmp_path) != first


def test_a_renamed_or_reshaped_tensor_and_a_renamed_file_change_the_revision(tmp_path):
    path = tmp_path / "model.safetensors"
    revisions = set()
    for tensors in ({"a": torch.ones(2, 3)}, {"b": torch.ones(2, 3)}, {"a": torch.ones(3, 2)}):
        save_file(tensors, path)
        revisions.add(revision_of(tmp_path))
    path.rename(tmp_path / "other.safetensors")
    assert len({*revisions, revision_of(tmp_path)}) == 4


def test_two_adapters_of_one_base_have_two_revisions(tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    save_file({"a": torch.ones(3)}, base / "model.safetensors")
    revisions = set()
    folder = tmp_path / "lora2.0"
    for value in (1.0, 2.0):
        folder = tmp_path / f"lora{value}"
        folder.mkdir()
        config = {"base_model_name_or_path": str(base)}
        (folder / "adapter_config.json").write_text(json.dumps(config))
        save_file({"l": torch.full((2,), value)}, folder / "adapter_model.safetensors")
        revisions.add(revision_of(folder))
    save_file({"a": torch.zeros(3)}, base / "model.safetensors")
    assert len({*revisions, revision_of(folder)}) == 3


def test_the_pieces_of_a_tensor_are_its_first_and_last_bytes_and_two_between(monkeypatch):
    monkeypatch.setattr(revision, "_PIECE_BYTES", 2)
    monkeypatch.setattr(revision, "_LARGE_BYTES", 100)
    monkeypatch.setattr(revision, "_TAIL_BYTES", 10)
    pieces = revision._pieces  # noqa: SLF001 - the limit that the docstring states
    assert pieces(5, 13) == [(5, 13)]
    # The last piece starts at 33; thirds of the 28 bytes before it: 5, 14, 23, 33.
    assert pieces(5, 35) == [(5, 7), (14, 16), (23, 25), (33, 35)]
    assert pieces(0, 101)[-1] == (91, 101)


@pytest.mark.parametrize("content", [b"", b"\xff" * 9, b"\x03" + bytes(7) + b"[1]" + b"x" * 20])
def test_a_damaged_file_has_a_revision_too(tmp_path, content):
    (tmp_path / "model.safetensors").write_bytes(content)
    first = revision_of(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(content + b"x")
    assert revision_of(tmp_path) != first


def test_only_a_part_of_a_large_file_is_read(tmp_path):
    save_file({"a": torch.ones(1000, 1000)}, tmp_path / "model.safetensors")
    read = sum(len(piece) for piece in revision._samples(tmp_path / "model.safetensors"))  # noqa: SLF001
    assert 4 * 2**14 <= read < 4 * 2**14 + 200
