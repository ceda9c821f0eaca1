import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from forethought.encoders import EncodeOptions
from forethought.interop import save_pretrained
from tests import published
from tests.published import NETWORKS

INPUTS = ["a red square", "two blue ones, and what else?"]


@pytest.mark.parametrize("family", ["ume_r1", "rge", "mmemb_r1"])
def test_a_saved_encoder_is_loaded_without_a_family(tmp_path, family):
    folder = published.make(family, tmp_path / "published")
    encoder = published.loaded(folder, encode_options=EncodeOptions(budget=6))
    saved = save_pretrained(encoder, tmp_path / "ours")
    again = published.loaded(saved)
    assert (again.family.name, again.decode_options.budget, again.name) == (family, 6, "published")
    for think in ("never", "always"):
        before, after = (one.encode(INPUTS, think=think) for one in (encoder, again))
        np.testing.assert_allclose(after.vectors, before.vectors, atol=1e-6)
        assert after.rationales == before.rationales
    assert f"| family | {family} |" in (saved / "README.md").read_text()


def test_the_folder_is_a_stock_checkpoint(tmp_path):
    folder = published.make("rge", tmp_path / "published")
    saved = save_pretrained(published.loaded(folder), tmp_path / "ours", dtype=torch.bfloat16)
    network = NETWORKS["qwen2_5_vl"][1].from_pretrained(saved)
    assert network.dtype is torch.bfloat16
    assert AutoTokenizer.from_pretrained(saved).chat_template == published.DEFAULT_SYSTEM_TURN
