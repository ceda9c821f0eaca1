"""Three targets: our own format, a published one, and a small stand-in for the 2B shape."""

import pytest

from tests import published


@pytest.fixture(scope="session")
def forethought_target(tiny_encoder):
    from benchmarks.target import target_of

    return target_of(tiny_encoder)


@pytest.fixture(scope="session")
def ume_target(tmp_path_factory):
    from benchmarks.target import target_of
    from forethought.encoders import EncodeOptions

    folder = published.make("ume_r1", tmp_path_factory.mktemp("published") / "ume_r1")
    return target_of(published.loaded(folder, encode_options=EncodeOptions(budget=13)))


@pytest.fixture(scope="session")
def random_target():
    from benchmarks.ume_2b import TINY, ume_2b

    return ume_2b(TINY, device="cpu", patches=(16, 36))


@pytest.fixture(scope="session")
def inputs():
    """Texts, pictures and both, of different lengths."""
    from benchmarks.workload_inputs import noise

    pictures = noise(4, patches=(16, 36), seed=3)
    mixed = [pictures[0][:1], pictures[1], pictures[2][1:], pictures[3]]
    return [tuple(one) for one in mixed]


@pytest.fixture
def train_setup():
    """A small stock network in training: texts and pictures, rationales on both sides."""
    from benchmarks.train_setups import ume

    return ume("tiny", batch=4)
