"""What many tests share: a tiny data set, a tiny model and its encoder."""

from pathlib import Path

import hypothesis
import pytest

# A busy machine is no failure, and a red test today is red tomorrow.
hypothesis.settings.register_profile(
    "house", deadline=None, derandomize=True, max_examples=60, database=None
)
hypothesis.settings.load_profile("house")

# The library is imported inside the fixtures: it must not be loaded before the plugin that
# checks its shapes.


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Two threads on matrices of this size only wait for one another."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory):
    """The folder of the tiny data set."""
    from tests import tiny

    return tiny.build(tmp_path_factory.mktemp("tiny") / "glyphs")


@pytest.fixture(scope="session")
def sees(tiny_data, tmp_path_factory):
    """The folder of an untrained model with a frozen vision encoder."""
    from tests import tiny

    return tiny.untrained_vl(tiny_data, tmp_path_factory.mktemp("own") / "sees", sees=True)


@pytest.fixture(scope="session")
def words(tiny_data, tmp_path_factory):
    """The folder of an untrained model of text alone."""
    from tests import tiny

    return tiny.untrained_vl(tiny_data, tmp_path_factory.mktemp("own") / "words", sees=False)


@pytest.fixture(scope="session")
def tiny_model():
    """The committed folder of a tiny model that thinks; it has no gate (see `make_tiny.py`)."""
    return Path(__file__).parent / "checkpoints" / "tiny"


@pytest.fixture(scope="session")
def tiny_encoder(tiny_model):
    """Its encoder."""
    from forethought.encoders import load

    return load(tiny_model, device="cpu")
