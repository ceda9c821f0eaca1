"""Our patches against those of the stock processors that need torchvision.

Videos are resized by torch in both, and equal. Images are resized by Pillow here, which rounds
a pixel differently: by one 8-bit level, rarely by two.
"""

import numpy as np
import pytest

from forethought.backbones import ImageProcessor, VideoSettings
from forethought.types import FramePolicy, Image, Video

# One 8-bit level after division by the smallest standard deviation.
LEVEL = 1.01 / 255 / 0.26


def smooth(height, width, seed):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    waves = [
        np.sin(rows / rng.uniform(5, 40) + columns / rng.uniform(5, 40) + rng.uniform(0, 6))
        for _ in range(3)
    ]
    return ((np.stack(waves, -1) + 1) * 127).astype(np.uint8)


@pytest.mark.parametrize("size", [(112, 112), (90, 131), (300, 41), (480, 640)])
def test_an_image_equals_the_stock_processors_within_a_level(size):
    from transformers import Qwen2VLImageProcessor

    pixels = smooth(size[0], size[1], 1)
    stock = Qwen2VLImageProcessor(size={"shortest_edge": 3136, "longest_edge": 50_000})
    theirs = stock(images=[pixels], return_tensors="np")
    ours = ImageProcessor(min_pixels=3136, max_pixels=50_000)(Image(pixels))
    assert ours.grid == tuple(theirs["image_grid_thw"][0].tolist())
    difference = np.abs(ours.values - theirs["pixel_values"])
    assert (difference <= LEVEL).mean() > 0.9999
    assert difference.max() <= 2 * LEVEL


@pytest.mark.parametrize("count", [4, 5])
@pytest.mark.parametrize("size", [(112, 140), (90, 131)])
def test_a_video_equals_the_stock_processors(size, count):
    from transformers import Qwen2VLVideoProcessor

    frames = [smooth(size[0], size[1], seed) for seed in range(count)]
    stock = Qwen2VLVideoProcessor(size={"shortest_edge": 3136, "longest_edge": 30_000})
    theirs = stock(
        videos=[np.stack(frames)],
        do_sample_frames=False,
        cap_pixels_per_frame=False,
        return_tensors="np",
    )
    video = VideoSettings(FramePolicy(count=count), min_pixels=3136, max_pixels=30_000)
    ours = ImageProcessor(min_pixels=3136, max_pixels=50_000, video=video)(Video(frames))
    assert ours.grid == tuple(theirs["video_grid_thw"][0].tolist())
    assert np.abs(ours.values - theirs["pixel_values_videos"]).max() < 1e-5


@pytest.mark.parametrize("count", [4, 5])
def test_a_video_of_qwen3_equals_the_stock_processors(count):
    from transformers import Qwen3VLVideoProcessor

    frames = [smooth(96, 160, seed) for seed in range(count)]
    half = (0.5, 0.5, 0.5)
    # The stock limit is for all frames together; it is too wide to matter here.
    stock = Qwen3VLVideoProcessor(size={"shortest_edge": 4096, "longest_edge": 10**7})
    theirs = stock(
        videos=[np.stack(frames)],
        do_sample_frames=False,
        cap_pixels_per_frame=False,
        return_tensors="np",
    )
    video = VideoSettings(
        FramePolicy(count=count), min_pixels=4096, max_pixels=10**6, text_timestamps=True
    )
    processor = ImageProcessor(
        min_pixels=4096, max_pixels=10**6, patch_size=16, mean=half, std=half, video=video
    )
    ours = processor(Video(frames))
    assert ours.grid == tuple(theirs["video_grid_thw"][0].tolist())
    assert np.abs(ours.values - theirs["pixel_values_videos"]).max() < 1e-5
