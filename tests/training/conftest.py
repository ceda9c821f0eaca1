from functools import cache

import pytest

from tests import published


@pytest.fixture(scope="session")
def published_model(tmp_path_factory):
    """The folder of a published system's tiny checkpoint, by its name; made once."""
    folder = tmp_path_factory.mktemp("published")
    return cache(lambda name: published.make(name, folder / name))


@pytest.fixture(scope="session")
def encoder_of(published_model, tiny_encoder):
    """The encoder of a format: our own, or that of a published system."""
    return cache(
        lambda name: (
            tiny_encoder if name == "forethought" else published.loaded(published_model(name))
        )
    )
