import json

import pytest

import forethought.encoders
from forethought import nano
from forethought.cli.load import load_encoder
from forethought.encoders import CARD
from forethought.errors import ConfigError


@pytest.fixture
def calls(monkeypatch):
    """The arguments of either loader."""
    recorded: list[tuple[object, ...]] = []

    class Baseline:
        @staticmethod
        def load(folder):
            recorded.append(("baseline", folder))

    monkeypatch.setattr(
        forethought.encoders, "load", lambda *args, **options: recorded.append((*args, options))
    )
    monkeypatch.setattr(nano, "FrozenBaseline", Baseline)
    return recorded


@pytest.fixture
def baseline(tmp_path):
    """A folder whose card is the frozen baseline's."""
    (tmp_path / CARD).write_text(json.dumps({"family": "frozen_baseline", "loader": "..."}))
    return tmp_path


def test_the_frozen_baseline_has_its_own_loader(calls, baseline):
    load_encoder(baseline, engine="local")
    assert calls == [("baseline", baseline)]


def test_every_other_model_is_loaded_by_the_library(calls, tmp_path):
    load_encoder(tmp_path, engine="vllm")
    load_encoder("owner/name")
    assert calls == [(tmp_path, {"engine": "vllm"}), ("owner/name", {})]


def test_the_frozen_baseline_has_no_engine_that_decodes(calls, baseline):
    with pytest.raises(ConfigError, match=r"--engine vllm: .* writes no rationales; leave the"):
        load_encoder(baseline, engine="vllm")
    assert not calls
