"""Our own architecture in the engine: alone and in a batch, from pixels and from features."""

import dataclasses

import numpy as np
import pytest
import torch

from forethought.encoders import load
from forethought.types import Image, Patches, Text, Video
from tests.backbones.random_tower import picture

INPUTS = [
    "a red square",
    Image(picture(1, 224, 224)),
    [Image(picture(2, 336, 560)), Text("what is it?")],
    Video([picture(3, 224, 224), picture(4, 224, 224), picture(5, 224, 224)]),
    [Text("two"), Image(picture(6, 224, 224)), Image(picture(7, 560, 336))],
]


@pytest.fixture(scope="module")
def encoder(sees):
    return load(sees, device="cpu")


@pytest.mark.parametrize("think", ["never", "always"])
def test_no_vector_depends_on_the_batch(encoder, think):
    together = encoder.encode(INPUTS, think=think, batch_size=5)
    alone = [encoder.encode([each], think=think) for each in INPUTS]
    np.testing.assert_allclose(
        together.vectors, np.concatenate([each.vectors for each in alone]), atol=1e-4
    )
    assert together.rationales == tuple(each.rationales[0] for each in alone)


def test_features_in_the_place_of_pixels_give_the_same_vectors(encoder):
    layout = encoder.renderer.layout
    tower = encoder.local.backbone.network.model.visual

    def features(media):
        patches = layout.image_processor(media)
        values = tower.features(torch.from_numpy(patches.values), torch.tensor([patches.grid]))
        return Patches(values.numpy(), patches.grid, is_video=patches.is_video)

    renderer = dataclasses.replace(
        encoder.renderer, layout=dataclasses.replace(layout, image_processor=features)
    )
    cached = dataclasses.replace(encoder, renderer=renderer)
    np.testing.assert_allclose(
        cached.encode(INPUTS, think="never").vectors,
        encoder.encode(INPUTS, think="never").vectors,
        atol=1e-4,
    )
