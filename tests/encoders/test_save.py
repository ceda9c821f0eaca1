import dataclasses
import json

import pytest
import torch

from forethought.encoders import CARD, LogisticGate, load, save
from tests import published


def saved(encoder, folder):
    save(encoder, folder, dtype=torch.float32)
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
