"""Tiny checkpoints of all families, their encoders and their references."""

import pytest

from tests import published
from tests.parity.inputs import BUDGET, FRAMES, INPUTS, KINDS, PIXELS, THINKERS, message
from tests.parity.reference import Reference

# The library is imported inside the fixtures, after the plugin that checks its shapes.


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("published")
    return {
        family: published.make(family, home / family, context=4096)
        for family in published.CHECKPOINTS
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
    """Every input encoded by itself."""
    return {
        (family, kind, think): encoder.encode([message(INPUTS[kind])], think=think)
        for family, encoder in encoders.items()
        for kind in KINDS
        for think in ("never", "always")
        if family in THINKERS or think == "never"
    }


@pytest.fixture(scope="session")
def tiny_world(tiny_encoder):
    """The tiny model, prompts of all kinds, and the slow engine."""
    from tests.parity.schedules import make_world, squares

    return make_world(tiny_encoder, squares(tiny_encoder))


@pytest.fixture(scope="session")
def worlds(encoders):
    """The same for three backbones; the time of the second's videos is ahead of the text's."""
    from tests.parity.schedules import make_world, published

    return {
        "ume_r1": make_world(encoders["ume_r1"], published(encoders["ume_r1"]), quits=True),
        "rge": make_world(encoders["rge"], published(encoders["rge"], time_step=40.0)),
        "mmemb_r1": make_world(encoders["mmemb_r1"], published(encoders["mmemb_r1"])),
    }
