import numpy as np
import pytest
import torch
from jaxtyping import UInt8
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertModel

from forethought.backbones.efficientnet import EFFICIENTNET_FEATURES, EfficientNetLite
from forethought.nano.frozen_encoders import (
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
    square,
)

DEVICES = (
    "cpu",
    pytest.param(
        "cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    ),
)
WORDS = ("[PAD]", "[UNK]", "red", "apple", "a", "ship")


@pytest.fixture(scope="module")
def pictures():
    return FrozenImageEncoder(EfficientNetLite())


@pytest.fixture(autouse=True)
def exact():
    """Convolutions of a GPU in float32 without TF32, as those of a CPU."""
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


@pytest.fixture
def texts():
    return FrozenTextEncoder(*bert())


def bert():
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
    return BertModel(config, add_pooling_layer=False), tokenizer


def scene(*shape: int, seed: int = 3) -> UInt8[np.ndarray, "H W 3"]:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def test_the_encoders_satisfy_their_protocols(pictures, texts):
    assert isinstance(pictures, ImageEncoder)
    assert isinstance(texts, TextEncoder)


def test_features_do_not_depend_on_the_rest_of_the_batch(pictures):
    scenes = [scene(5, 9, seed=seed) for seed in range(18)]
    together = pictures(scenes)
    assert together.shape == (18, EFFICIENTNET_FEATURES)
    torch.testing.assert_close(together[17], pictures(scenes[17:])[0], rtol=1e-3, atol=1e-5)


def test_no_pictures_give_no_features(pictures):
    assert pictures([]).shape == (0, EFFICIENTNET_FEATURES)


def test_a_wide_picture_is_padded_with_white_bands():
    sheet = square(np.zeros((10, 40, 3), dtype=np.uint8))
    assert sheet.shape == (224, 224, 3)
    assert sheet[:60].min() == 255
    assert sheet[100:120].max() == 0
    assert sheet[-60:].min() == 255


def test_vectors_have_the_order_of_the_texts_and_unit_length(texts):
    phrases = ["a red apple", "ship", "a ship a red ship", "red"]
    vectors = texts(phrases)
    assert vectors.shape == (4, 12)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(4))
    for row, text in enumerate(phrases):
        torch.testing.assert_close(vectors[row], texts([text])[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("device", DEVICES)
def test_what_is_computed_does_not_depend_on_the_device_and_lies_on_the_cpu(device):
    net, (model, tokenizer) = EfficientNetLite(), bert()
    scenes, phrases = [scene(40, 60), scene(12, 9, seed=8)], ["a red apple", "ship"]
    here = FrozenImageEncoder(net)
    features = here(scenes)
    expected = [
        features,
        FrozenTextEncoder(model, tokenizer)(phrases),
        here.probabilities(features),
    ]
    pictures, texts = (
        FrozenImageEncoder(net.to(device)),
        FrozenTextEncoder(model.to(device), tokenizer),
    )
    features = pictures(scenes)
    found = [features, texts(phrases), pictures.probabilities(features)]
    for one, other in zip(found, expected, strict=True):
        assert one.device.type == "cpu"
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
