import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from tokenizers import Tokenizer, models, pre_tokenizers
from torch import nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from forethought.nano.frozen_encoders import (
    EPSILON,
    FEATURES,
    Block,
    EfficientNetLite,
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    SameConv,
    TextEncoder,
    folded,
    square,
)

WORDS = ("[PAD]", "[UNK]", "red", "apple", "a", "ship")


@pytest.fixture(scope="module")
def pictures():
    return FrozenImageEncoder(EfficientNetLite())


@pytest.fixture
def texts():
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=12,
        intermediate_size=20,
        num_hidden_layers=2,
        num_attention_heads=3,
    )
    words = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token=WORDS[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return FrozenTextEncoder(BertModel(config, add_pooling_layer=False), tokenizer)


def scene(*shape: int, seed: int = 3) -> UInt8[np.ndarray, "H W 3"]:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def test_towers_keep_their_protocols(pictures, texts):
    assert isinstance(pictures, ImageEncoder)
    assert isinstance(texts, TextEncoder)


def test_an_odd_pixel_of_padding_goes_to_the_right_and_the_bottom():
    conv = SameConv(1, 1, 3, stride=2, bias=False)
    nn.init.ones_(conv.weight)
    # Side 4, kernel 3, stride 2: windows start at 0 and 2, so one column and row is padded
    # after the last. Of ones: 3x3, 3x2 / 2x3, 2x2.
    out = conv(torch.ones(1, 1, 4, 4))
    assert out[0, 0].tolist() == [[9.0, 6.0], [6.0, 4.0]]


@pytest.mark.parametrize(("side", "stride", "expected"), [(7, 1, 7), (7, 2, 4), (8, 2, 4)])
def test_each_side_shrinks_by_the_stride_rounded_up(side, stride, expected):
    out = SameConv(2, 3, 5, stride=stride)(torch.zeros(1, 2, side, side + 2 * stride))
    assert out.shape == (1, 3, expected, expected + 2)


def test_a_block_skips_only_where_the_shape_stays():
    block = Block(4, 4, kernel=3, stride=1, expand=2)
    for parameter in block.project.parameters():
        nn.init.zeros_(parameter)
    x = torch.rand(1, 4, 6, 5)
    assert torch.equal(block(x), x)
    assert not Block(4, 4, kernel=3, stride=2, expand=2).skips
    assert not Block(4, 6, kernel=3, stride=1, expand=2).skips


def published_names() -> dict[str, torch.Tensor]:
    """A random state dict under the published names."""
    generator = torch.Generator().manual_seed(5)
    ours = EfficientNetLite().state_dict()
    state = {}
    for name in (key.removesuffix(".weight") for key in ours if key.endswith(".weight")):
        conv, norm = theirs(name)
        shape = ours[f"{name}.weight"].shape
        state[f"{conv}.weight"] = torch.randn(shape, generator=generator)
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{part}"] = torch.rand(shape[0], generator=generator) + 0.5
    return state


def theirs(name: str) -> tuple[str, str]:
    if name in {"stem", "head"}:
        return {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}[name]
    block, _, layer = name.rpartition(".")
    norms = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
    return f"_{block}._{layer}_conv", f"_{block}.{norms[layer]}"


def test_folding_fills_every_weight_of_the_net():
    EfficientNetLite().load_state_dict(folded(published_names()))


def test_a_folded_convolution_equals_the_convolution_and_its_norm():
    state = published_names()
    x = torch.rand(2, 3, 6, 8)
    conv = F.conv2d(x, state["_conv_stem.weight"])
    norm = F.batch_norm(
        conv,
        state["_bn0.running_mean"],
        state["_bn0.running_var"],
        state["_bn0.weight"],
        state["_bn0.bias"],
        eps=EPSILON,
    )
    ours = folded(state)
    torch.testing.assert_close(
        F.conv2d(x, ours["stem.weight"], ours["stem.bias"]), norm, rtol=1e-4, atol=1e-4
    )


def test_features_do_not_depend_on_what_shares_the_batch(pictures):
    shown = [scene(5, 9, seed=seed) for seed in range(18)]
    together = pictures(shown)
    assert together.shape == (18, FEATURES)
    torch.testing.assert_close(together[17], pictures(shown[17:])[0], rtol=1e-3, atol=1e-5)


def test_no_picture_has_no_features(pictures):
    assert pictures([]).shape == (0, FEATURES)


def test_a_wide_picture_stands_between_white_bands():
    sheet = square(np.zeros((10, 40, 3), dtype=np.uint8))
    assert sheet.shape == (224, 224, 3)
    assert sheet[:60].min() == 255
    assert sheet[100:120].max() == 0
    assert sheet[-60:].min() == 255


def test_texts_come_back_in_their_own_order_at_unit_length(texts):
    shown = ["a red apple", "ship", "a ship a red ship", "red"]
    vectors = texts(shown)
    assert vectors.shape == (4, 12)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(4))
    for row, text in enumerate(shown):
        torch.testing.assert_close(vectors[row], texts([text])[0], rtol=1e-4, atol=1e-5)


def test_the_parts_of_a_picture_average_to_the_whole(pictures):
    # 224 pixels become 7 x 7 places; side 7 gives each, side 1 their mean, which is the vector.
    shown = [scene(40, 60), scene(224, 224, seed=8)]
    parts = pictures.places(shown, side=7)
    assert parts.shape == (2, 49, FEATURES)
    assert torch.allclose(parts.mean(1), pictures(shown), atol=1e-5)
    assert torch.allclose(pictures.places(shown, side=1)[:, 0], pictures(shown), atol=1e-5)


def test_no_pictures_have_no_parts(pictures):
    assert pictures.places([], side=3).shape == (0, 9, FEATURES)
