import json

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from transformers import AutoConfig, Qwen2VLImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from forethought.backbones import ImageProcessor, load_image_processor
from forethought.errors import ContentError, ModelError
from forethought.types import Image
from tests.published import NETWORKS


def noise(height, width):
    rng = np.random.default_rng(5)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def stock(processor):
    return Qwen2VLImageProcessorPil(
        size={
            "shortest_edge": processor.min_pixels,
            "longest_edge": processor.max_pixels,
        }
    )


ONE_SIZE = ImageProcessor(min_pixels=112**2, max_pixels=112**2)
RANGE = ImageProcessor(min_pixels=60**2, max_pixels=150**2)


@pytest.mark.parametrize("processor", [ONE_SIZE, RANGE], ids=["one size", "a range"])
@pytest.mark.parametrize("size", [(112, 112), (37, 211), (300, 41), (9, 5), (100, 131)])
def test_patches_equal_those_of_transformers(processor, size):
    pixels = noise(*size)
    ours = processor(Image(pixels))
    theirs = stock(processor)(images=[pixels], return_tensors="np")
    assert ours.grid == tuple(theirs["image_grid_thw"][0].tolist())
    assert ours.values.dtype == np.float32
    np.testing.assert_allclose(ours.values, theirs["pixel_values"], atol=1e-5)


def test_a_square_image_has_the_number_of_patches_of_its_size():
    # 112 / 14 = 8 patches a side, each 2 frames x 3 colours x 14 x 14 numbers.
    patches = ONE_SIZE(Image(noise(112, 112)))
    assert patches.grid == (1, 8, 8)
    assert patches.values.shape == (64, 2 * 3 * 14 * 14)


def test_an_image_of_extreme_aspect_ratio_is_refused():
    with pytest.raises(ContentError, match=r"belt.png: 402 x 2 is too long and thin; .* crop it"):
        ONE_SIZE(Image(noise(2, 402), source="belt.png"))


def test_saved_settings_load_here_and_in_transformers(tmp_path):
    processor = ImageProcessor(
        min_pixels=784, max_pixels=9999, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4)
    )
    processor.save(tmp_path)
    assert load_image_processor(tmp_path) == processor
    pixels = noise(90, 31)
    theirs = Qwen2VLImageProcessorPil.from_pretrained(tmp_path)(
        images=[pixels], return_tensors="np"
    )
    np.testing.assert_allclose(processor(Image(pixels)).values, theirs["pixel_values"], atol=1e-5)


def test_missing_or_partial_settings_are_refused(tmp_path):
    with pytest.raises(ModelError, match=r"no readable preprocessor_config.json"):
        load_image_processor(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"patch_size": 14}))
    with pytest.raises(ModelError, match=r"no readable preprocessor_config.json .*\('size'\)"):
        load_image_processor(tmp_path)


@pytest.mark.parametrize("architecture", NETWORKS)
@pytest.mark.parametrize("stated", [{}, {"tokens_per_second": 3}], ids=["default", "stated"])
def test_video_timing_is_that_of_transformers_config(tmp_path, architecture, stated):
    ImageProcessor(min_pixels=784, max_pixels=9999).save(tmp_path)
    settings = {"model_type": architecture, "vision_config": stated}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    config = AutoConfig.from_pretrained(tmp_path).vision_config
    video = load_image_processor(tmp_path).video
    assert video.text_timestamps is (architecture == "qwen3_vl")
    expected = None if video.text_timestamps else getattr(config, "tokens_per_second", None)
    assert video.tokens_per_second == expected


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"model_type": "qwen2_vl", "vision_config": 3}']
)
def test_an_unreadable_config_is_refused(tmp_path, text):
    ImageProcessor(min_pixels=784, max_pixels=9999).save(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config.json: not readable \(.*copy or train it again"):
        load_image_processor(tmp_path)


@hypothesis.given(
    height=st.integers(1, 3000),
    width=st.integers(1, 3000),
    smallest=st.integers(1, 40),
    more=st.integers(0, 3000),
)
def test_sizes_are_those_of_the_stock_processors(height, width, smallest, more):
    hypothesis.assume(max(height, width) <= 200 * min(height, width))
    limits = (smallest * 28 * 28, (smallest + more) * 28 * 28)
    processor = ImageProcessor(min_pixels=limits[0], max_pixels=limits[1])
    pixels = np.broadcast_to(np.uint8(0), (height, width, 3))
    found = processor._size(pixels, limits, source="it")  # noqa: SLF001 - without resizing
    assert found == smart_resize(height, width, 28, *limits)
