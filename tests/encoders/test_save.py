import dataclasses
import json
import shutil
from dataclasses import replace

import pytest
import torch

from forethought.encoders import CARD, EncodeOptions, LogisticGate, load, save
from forethought.engines import EarlyExit
from forethought.types import ContentKind, FramePolicy, Side
from tests import published


def saved(encoder, folder):
    save(encoder, str(folder), dtype=torch.float32)
    return load(folder, device="cpu")


@pytest.mark.parametrize("family", ["ume_r1", "vlm2vec"])
def test_a_published_checkpoint_is_found_again_without_its_name(tmp_path, family):
    encoder = published.loaded(published.make(family, tmp_path / family), family=family)
    again = saved(encoder, tmp_path / "saved")
    assert again.family == encoder.family
    vectors = [one.encode(["a red square"], think="never").vectors for one in (encoder, again)]
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-6)
    card = json.loads((tmp_path / "saved" / CARD).read_text())
    assert ("budget" in card) is bool(encoder.family.thinks)


def test_a_gate_is_saved_with_its_encoder_and_left_out_with_it(tiny_encoder, tmp_path):
    gate = LogisticGate(torch.ones(tiny_encoder.dimension), 0.25, 0.4, "nothing")
    found = saved(dataclasses.replace(tiny_encoder, gate=gate), tmp_path / "gated").gate
    assert (found.bias, found.threshold) == (0.25, 0.4)
    assert saved(tiny_encoder, tmp_path / "gated").gate is None


EVERY_OPTION = EncodeOptions(
    min_pixels=28 * 28 * 2,
    max_pixels=28 * 28 * 3,
    frames=FramePolicy(fps=1.5, max_frames=6),
    frame_min_pixels=28 * 28,
    frame_max_pixels=28 * 28 * 2,
    total_pixels=28 * 28 * 9,
    budget=7,
    repeats=3,
    early_exit=EarlyExit(4, 0.25),
    threshold=0.75,
    blank=False,
)


@pytest.mark.parametrize("family", ["ume_r1", "mmemb_r1"])
def test_every_setting_is_saved_and_the_caller_comes_first(tmp_path, family):
    folder = published.make(family, tmp_path / family)
    encoder = published.loaded(folder, encode_options=EVERY_OPTION)
    again = saved(encoder, tmp_path / "saved")
    assert again.settings == encoder.settings
    assert again.decode_options == encoder.decode_options
    assert again.renderer.layout.image_processor == encoder.renderer.layout.image_processor
    assert getattr(again.renderer, "blank", False) is False
    thresholds = [each.gate and each.gate.threshold for each in (again, encoder)]
    assert thresholds == ([0.75, 0.75] if family == "mmemb_r1" else [None, None])
    other = EncodeOptions(max_pixels=28 * 28 * 5, budget=9, repeats=0, blank=True)
    given = load(tmp_path / "saved", device="cpu", encode_options=other)
    assert "pixels=1568..3920" in given.settings
    assert (given.decode_options.budget, given.decode_options.repeats) == (9, 0)
    assert getattr(given.renderer, "blank", True) is True


def test_what_was_replaced_since_loading_is_saved(tiny_encoder, tmp_path):
    decoding = replace(tiny_encoder.decode_options, budget=5, repeats=2, speculative_tokens=3)
    instructions = {
        Side.QUERY: {kind: f"Find this {kind}." for kind in ContentKind},
        Side.DOCUMENT: dict.fromkeys(ContentKind, ""),
    }
    changed = replace(tiny_encoder, decode_options=decoding, instructions=instructions)
    again = saved(changed, tmp_path / "saved")
    assert again.decode_options == decoding
    assert again.instructions == instructions


def test_a_copy_of_a_folder_keeps_its_revision(tiny_model, tmp_path):
    shutil.copytree(tiny_model, tmp_path / "copy")
    revisions = [load(folder, device="cpu").revision for folder in (tiny_model, tmp_path / "copy")]
    assert revisions[0] == revisions[1]
