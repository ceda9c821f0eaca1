import torch

from forethought.backbones import revision_of, save_checkpoint
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
