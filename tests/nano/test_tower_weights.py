import pytest

from forethought.errors import ModelError
from forethought.nano import tower_weights


def test_a_missing_baseline_is_refused_with_the_command_that_fits_one(monkeypatch):
    monkeypatch.setattr(tower_weights, "find_local", lambda _: None)
    with pytest.raises(ModelError, match=r"frozen_baseline: no such model here; .*`forethought tr"):
        tower_weights.published_tower()


def test_the_head_is_the_committed_baselines(monkeypatch):
    monkeypatch.setattr(tower_weights, "published_efficientnet", dict)
    weights = tower_weights.published_tower()
    assert weights.net == {}
    assert weights.head.sizes.dimension == weights.head.class_vectors.shape[1] == 384
