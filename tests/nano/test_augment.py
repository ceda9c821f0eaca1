import numpy as np
import pytest

from forethought.data import augment
from forethought.types import Image


def halves(height=24, width=32):
    """Black on the left, a light red on the right."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, width // 2 :] = (255, 180, 180)
    return Image(pixels, source="halves")


def seen(seed, *, may_flip, image=None):
    return augment(image or halves(), np.random.default_rng(seed), may_flip=may_flip)


def is_mirrored(image):
    grey = image.pixels[8:-8].mean((0, 2))
    middle = len(grey) // 2
    return grey[middle - 8 : middle - 3].mean() > grey[middle + 3 : middle + 8].mean()


def test_size_kind_and_name_are_kept():
    for seed in range(10):
        found = seen(seed, may_flip=True)
        assert found.pixels.shape == (24, 32, 3)
        assert found.pixels.dtype == np.uint8
        assert found.source == "halves"


def test_it_is_mirrored_about_half_the_time_where_that_is_allowed():
    assert 60 < sum(is_mirrored(seen(seed, may_flip=True)) for seed in range(200)) < 140


def test_it_is_never_mirrored_where_left_and_right_matter():
    assert not any(is_mirrored(seen(seed, may_flip=False)) for seed in range(200))


def test_the_same_draw_gives_the_same_picture_and_another_gives_another():
    first, again, other = (seen(seed, may_flip=True).pixels for seed in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_in_from_outside_is_white_before_recolouring(seed):
    white = Image(np.full((20, 14, 3), 255, np.uint8))
    pixels = seen(seed, may_flip=False, image=white).pixels
    assert pixels.min() == pixels.max()  # no edge between the picture and what is around it
