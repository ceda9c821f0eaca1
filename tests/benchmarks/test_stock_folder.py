import numpy as np
import pytest
from transformers import Qwen2VLForConditionalGeneration

from benchmarks.stock_folder import stock_folder
from forethought.encoders import load
from forethought.types import Image


@pytest.fixture(scope="module")
def stock(words, tmp_path_factory):
    return stock_folder(words, tmp_path_factory.mktemp("stock"))


def test_stock_transformers_load_it_with_a_vision_encoder(stock):
    network = Qwen2VLForConditionalGeneration.from_pretrained(stock)
    assert len(network.model.visual.blocks) == 5


def test_its_vectors_and_rationales_of_words_are_the_models(stock, words):
    one, other = (
        load(folder, device="cpu").encode(["a red square", "blue"], think="always")
        for folder in (words, stock)
    )
    assert one.rationales == other.rationales
    np.testing.assert_allclose(one.vectors, other.vectors, atol=1e-5)


def test_it_takes_pictures_of_sixteen_tokens(stock):
    encoder = load(stock, device="cpu")
    picture = Image(np.full((80, 80, 3), 200, np.uint8), source="red.png")
    assert encoder.renderer.layout.image_processor(picture).grid == (1, 8, 8)
    assert np.isfinite(encoder.encode([picture], think="always").vectors).all()


def test_a_folder_that_is_stock_stays_as_it_is(tiny_model, tmp_path):
    assert stock_folder(tiny_model, tmp_path / "out") == tiny_model
    assert not (tmp_path / "out").exists()
