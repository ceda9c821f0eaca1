import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from forethought.backbones import ImageProcessor, QwenVL, new_network
from forethought.data import JsonLines
from forethought.errors import ConfigError
from forethought.nano.glyph_examples import GlyphExamples
from forethought.nano.image_distillation import (
    FILE,
    SCALE,
    DistillationLoss,
    ImageDistillation,
    PatchEncoder,
    PatchTargets,
    patch_targets,
)
from forethought.types import Image
from tests import tiny
from tests.fakes import RecordedProgress

SIDE, WIDTH = 2, tiny.SHAPE.hidden
TOKEN_IDS = {"image": 6, "video": 7, "vision_start": 8, "vision_end": 9, "end": 2, "pad": 0}
PROCESSOR = ImageProcessor(min_pixels=56 * 56, max_pixels=56 * 56)


class MeanColours:
    """Encodes a part by 40 fixed mixtures of its mean colour; counts the pictures it is given."""

    def __init__(self) -> None:
        self.count = 0
        self.mixtures = torch.randn(3, 40, generator=torch.Generator().manual_seed(5))

    def grid_features(self, pictures, *, side):
        self.count += len(pictures)
        colours = torch.stack([torch.from_numpy(p.copy()).float() / 255 for p in pictures])
        parts = torch.nn.functional.adaptive_avg_pool2d(colours.permute(0, 3, 1, 2), side)
        return parts.flatten(2).transpose(1, 2) @ self.mixtures


class RedIsOne(QwenVL):
    """A vision encoder that outputs 1 where a token's patches are red, -1 where they are blue."""

    def encode_images(self, patches, grids, *, deepstack=False):  # noqa: ARG002 - the grid is 4 x 4
        # A token is four patches; channels come first in each: red, then green, then blue.
        tokens = patches.view(-1, 4, 3, patches.shape[1] // 3)
        red, blue = tokens[:, :, 0].mean((1, 2)), tokens[:, :, 2].mean((1, 2))
        return torch.where(red > blue, 1.0, -1.0)[:, None].expand(-1, WIDTH)


@pytest.fixture
def source(tmp_path):
    return GlyphExamples(tiny.build(tmp_path / "data"))


def targets_of(source, encoder, width=WIDTH):
    return patch_targets(source, side=SIDE, width=width, encoder=encoder)


def fresh_backbone() -> QwenVL:
    shape = dataclasses.replace(tiny.SHAPE, spread=0.1)
    return QwenVL(
        new_network(shape, token_ids=TOKEN_IDS, generator=torch.Generator().manual_seed(2))
    )


def test_the_fake_has_the_protocol():
    assert isinstance(MeanColours(), PatchEncoder)


def test_every_picture_has_a_target_for_each_part_at_one_scale(source):
    targets = targets_of(source, MeanColours())
    assert targets.vectors.shape == (len(source.pictures), SIDE * SIDE, WIDTH)
    # Of three colours only three axes carry anything; all numbers together have the scale.
    vectors = targets.vectors.float()
    assert vectors.square().mean().sqrt().item() == pytest.approx(SCALE, rel=0.02)
    assert vectors[..., 3:].abs().max() < 1e-2 * SCALE


def test_targets_are_stored_until_a_picture_changes(source):
    recorded, again = RecordedProgress(), MeanColours()
    for encoder in (MeanColours(), again):
        patch_targets(source, side=SIDE, width=WIDTH, encoder=encoder, open_progress=recorded)
    assert again.count == 0
    path = source.folder / FILE
    # 14 pictures, all of them in the sample from which the axes are computed.
    assert recorded.parts == {
        f"{path}: 14 pictures to compute": [(14, 28, ""), (28, 28, "")],
        f"{path}: 14 pictures cached": [],
    }
    name = min(source.pictures)
    source.pictures[name] = Image(np.full((56, 56, 3), 77, dtype=np.uint8), source=name)
    targets_of(source, again)
    assert again.count > 0


def test_targets_of_another_width_are_computed_anew(source):
    targets_of(source, MeanColours())
    assert targets_of(source, MeanColours(), width=7).vectors.shape[-1] == 7
    assert (source.folder / FILE).is_file()


def test_a_step_draws_the_same_pictures_every_time_and_another_step_others(source):
    loss = DistillationLoss(
        fresh_backbone(), PROCESSOR, targets_of(source, MeanColours()), count=5, seed=3
    )
    first = loss(tiny.no_pairs(4)).item()
    assert loss(tiny.no_pairs(4)).item() == first
    assert loss(tiny.no_pairs(5)).item() != first


def test_a_mirrored_picture_has_its_targets_mirrored():
    # One picture, and an encoder that outputs what the target of each patch is: the loss is zero
    # both ways round only if the targets are turned with the picture.
    pixels = np.zeros((56, 56, 3), dtype=np.uint8)
    pixels[:, :28, 0] = pixels[:, 28:, 2] = 255
    parts = torch.stack([torch.full((WIDTH,), value) for value in (1.0, -1.0, 1.0, -1.0)])
    targets = PatchTargets((Image(pixels),), parts[None], SIDE)
    backbone = RedIsOne(fresh_backbone().network)
    loss = DistillationLoss(backbone, PROCESSOR, targets, count=9, seed=3)
    assert loss(tiny.no_pairs(4)).item() == pytest.approx(0, abs=1e-9)


def test_a_vision_encoder_learns_the_targets(source):
    backbone = fresh_backbone()
    targets = targets_of(source, MeanColours())
    loss = DistillationLoss(backbone, PROCESSOR, targets, count=12, seed=3)
    optimizer = torch.optim.AdamW(backbone.network.model.visual.parameters(), lr=3e-3)
    losses = []
    for step in range(60):
        value = loss(tiny.no_pairs(step))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_the_objective_has_a_target_for_every_token_of_a_picture(source, tiny_encoder):
    targets_of(source, MeanColours())
    run = tiny.run_context(tiny_encoder, source)
    loss = ImageDistillation(count=4).bind(run)
    # 56 x 56 pixels are 2 x 2 tokens.
    assert loss.targets.side == SIDE
    assert loss(tiny.no_pairs(1)).item() > 0


def test_examples_of_another_source_are_refused(tmp_path, tiny_encoder):
    run = tiny.run_context(tiny_encoder, JsonLines(tmp_path / "a.jsonl"))
    with pytest.raises(ConfigError, match="needs the pictures of GlyphExamples, got JsonLines"):
        ImageDistillation(count=4).bind(run)


def test_pairs_without_pictures_are_refused(tiny_data, tmp_path, tiny_encoder):
    table = pq.read_table(tiny_data / "examples.parquet").to_pylist()
    rows = [{**row, "query_picture": "", "document_picture": ""} for row in table]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "examples.parquet")
    run = tiny.run_context(tiny_encoder, GlyphExamples(tmp_path))
    with pytest.raises(ConfigError, match=r"needs pictures, and the pairs in .* have none; leave"):
        ImageDistillation(count=2).bind(run)
