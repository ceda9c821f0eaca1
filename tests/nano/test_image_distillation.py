import dataclasses

import numpy as np
import pytest
import torch

from forethought.backbones import ImageProcessor, QwenVL, new_network
from forethought.data import GlyphPairs
from forethought.nano.image_distillation import (
    FILE,
    SCALE,
    ImageDistillation,
    PatchEncoder,
    load_image_distillation,
)
from forethought.types import Image
from tests import tiny

SIDE, WIDTH = 2, tiny.SHAPE.hidden
TOKEN_IDS = {"image": 6, "video": 7, "vision_start": 8, "vision_end": 9, "end": 2, "pad": 0}


class MeanColours:
    """Describes a part by 40 fixed mixtures of its mean colour; counts the pictures asked of it."""

    def __init__(self) -> None:
        self.asked = 0
        self.mixtures = torch.randn(3, 40, generator=torch.Generator().manual_seed(5))

    def places(self, pictures, *, side):
        self.asked += len(pictures)
        colours = torch.stack([torch.from_numpy(p.copy()).float() / 255 for p in pictures])
        parts = torch.nn.functional.adaptive_avg_pool2d(colours.permute(0, 3, 1, 2), side)
        return parts.flatten(2).transpose(1, 2) @ self.mixtures


class RedIsOne(QwenVL):
    """Sees 1 where a token's patches are red, -1 where they are blue."""

    def encode_images(self, patches, grids, *, deepstack=False):  # noqa: ARG002 - the grid is always 4 x 4 here
        # A token is four patches; channels come first in each: red, then green, then blue.
        tokens = patches.view(-1, 4, 3, patches.shape[1] // 3)
        red, blue = tokens[:, :, 0].mean((1, 2)), tokens[:, :, 2].mean((1, 2))
        return torch.where(red > blue, 1.0, -1.0)[:, None].expand(-1, WIDTH)


@pytest.fixture
def source(tmp_path):
    return GlyphPairs(tiny.build(tmp_path / "data"), "train")


@pytest.fixture
def patchify():
    return ImageProcessor(min_pixels=56 * 56, max_pixels=56 * 56)


def sight_of(source, patchify, tower):
    return load_image_distillation(
        source, side=SIDE, width=WIDTH, patchify=patchify, seed=3, tower=tower
    )


def test_the_fake_keeps_the_protocol():
    assert isinstance(MeanColours(), PatchEncoder)


def test_every_training_picture_is_described_part_by_part_at_one_scale(source, patchify):
    sight = sight_of(source, patchify, MeanColours())
    assert sight.described.shape == (len(source.pictures), SIDE * SIDE, WIDTH)
    # Of three colours only three axes carry anything; all numbers together have the scale.
    described = sight.described.float()
    assert described.square().mean().sqrt().item() == pytest.approx(SCALE, rel=0.02)
    assert described[..., 3:].abs().max() < 1e-2 * SCALE


def test_descriptions_are_kept_until_a_picture_changes(source, patchify):
    sight_of(source, patchify, MeanColours())
    again = MeanColours()
    sight_of(source, patchify, again)
    assert again.asked == 0
    name = min(source.pictures)
    source.pictures[name] = Image(np.full((56, 56, 3), 77, dtype=np.uint8), source=name)
    sight_of(source, patchify, again)
    assert again.asked > 0


def test_the_same_step_sees_the_same_pictures_and_another_does_not(source, patchify):
    sight = sight_of(source, patchify, MeanColours())
    backbone = fresh_backbone()
    first = sight.loss(backbone, 4, 5)
    assert sight.loss(backbone, 4, 5).item() == first.item()
    assert sight.loss(backbone, 5, 5).item() != first.item()


def test_a_mirrored_picture_is_described_by_its_mirrored_parts(patchify):
    # One picture, a tower that copies whatever description it is asked for by the patches: the
    # loss is zero for both ways round only if the parts are turned with the picture.
    pixels = np.zeros((56, 56, 3), dtype=np.uint8)
    pixels[:, :28, 0] = pixels[:, 28:, 2] = 255
    parts = torch.stack([torch.full((WIDTH,), value) for value in (1.0, -1.0, 1.0, -1.0)])
    sight = ImageDistillation((Image(pixels),), parts[None], SIDE, patchify, 3)
    assert sight.loss(RedIsOne(fresh_backbone().network), 4, 9).item() == pytest.approx(0, abs=1e-9)


def test_a_tower_learns_what_it_is_shown(source, patchify):
    sight = sight_of(source, patchify, MeanColours())
    backbone = fresh_backbone()
    optimizer = torch.optim.AdamW(backbone.network.model.visual.parameters(), lr=3e-3)
    losses = []
    for step in range(60):
        loss = sight.loss(backbone, step, 12)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_descriptions_of_another_width_are_made_anew(source, patchify):
    sight_of(source, patchify, MeanColours())
    other = load_image_distillation(
        source, side=SIDE, width=7, patchify=patchify, seed=3, tower=MeanColours()
    )
    assert other.described.shape[-1] == 7
    assert (source.folder / FILE).is_file()


def fresh_backbone() -> QwenVL:
    shape = dataclasses.replace(tiny.SHAPE, spread=0.1)
    return QwenVL(
        new_network(shape, token_ids=TOKEN_IDS, generator=torch.Generator().manual_seed(2))
    )
