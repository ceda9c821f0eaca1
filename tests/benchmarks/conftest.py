"""Three subjects: our own format, a published one, and the 2B shape in small."""

import pytest

from tests import published, tiny


@pytest.fixture(scope="session")
def own_format(tmp_path_factory):
    """It has learned nothing, so that nobody waits for it to learn, and may repeat itself."""
    from benchmarks.subject import subject_of
    from forethought.training.export import export
    from forethought.training.state import build_train_state

    folder = tmp_path_factory.mktemp("untaught")
    told = tiny.recipe(tiny.build(folder / "data"))
    made = build_train_state(told, folder / "run")
    export(
        made.backbone, made.tokenizer, made.image_processor, recipe=told, folder=folder / "model"
    )
    return subject_of(published.loaded(folder / "model"))


@pytest.fixture(scope="session")
def ume(tmp_path_factory):
    from benchmarks.subject import subject_of
    from forethought.encoders import EncodeOptions

    folder = published.make("ume_r1", tmp_path_factory.mktemp("published") / "ume_r1")
    return subject_of(published.loaded(folder, reading=EncodeOptions(budget=13)))


@pytest.fixture(scope="session")
def shaped():
    from benchmarks.shape import TINY, ume_2b

    return ume_2b(TINY, device="cpu", patches=(16, 36))


@pytest.fixture(scope="session")
def inputs():
    """Words, pictures and both, of unlike lengths."""
    from benchmarks.inputs import noise

    pictures = noise(4, patches=(16, 36), seed=3)
    mixed = [pictures[0][:1], pictures[1], pictures[2][1:], pictures[3]]
    return [tuple(one) for one in mixed]
