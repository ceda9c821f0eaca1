"""The tiny checkpoints of all families, our encoders of them, and the straight lines."""

import pytest

from tests import published
from tests.parity.reference import Reference
from tests.parity.shown import BUDGET, FRAMES, KINDS, PIXELS, SHOWN, THINKERS, message

# The library is imported inside the fixtures, behind the plugin that checks its shapes.


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("published")
    return {
        family: published.make(family, home / family, context=4096) for family in published.MADE
    }


@pytest.fixture(scope="session")
def encoders(folders):
    from forethought.encoders import EncodeOptions, load

    options = EncodeOptions(
        min_pixels=PIXELS[0],
        max_pixels=PIXELS[1],
        frame_min_pixels=PIXELS[0],
        frame_max_pixels=PIXELS[1],
        frames=FRAMES,
        budget=BUDGET,
    )
    return {
        family: load(folder, family=family, device="cpu", encode_options=options)
        for family, folder in folders.items()
    }


@pytest.fixture(scope="session")
def references(folders):
    return {
        family: Reference(family, folder, pixels=PIXELS, budget=BUDGET)
        for family, folder in folders.items()
    }


@pytest.fixture(scope="session")
def alone(encoders):
    """Every input by itself: what batches are compared with."""
    return {
        (family, kind, think): encoder.encode([message(SHOWN[kind])], think=think)
        for family, encoder in encoders.items()
        for kind in KINDS
        for think in ("never", "always")
        if family in THINKERS or think == "never"
    }


@pytest.fixture(scope="session")
def tiny_world(tiny_encoder):
    """The tiny model with prompts of all kinds, and the slow engine's opinion of them."""
    from tests.parity.schedules import squares, world

    return world(tiny_encoder, squares(tiny_encoder))


@pytest.fixture(scope="session")
def worlds(encoders):
    """The same of three backbones: in the second's videos the clock runs ahead of the words."""
    from tests.parity.schedules import published, world

    return {
        "ume_r1": world(encoders["ume_r1"], published(encoders["ume_r1"]), quits=True),
        "rge": world(encoders["rge"], published(encoders["rge"], tick=40.0)),
        "mmemb_r1": world(encoders["mmemb_r1"], published(encoders["mmemb_r1"])),
    }
