import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from forethought.endpoints.picture_url import fit, picture_url
from forethought.types import Image

SIDES = strategies.integers(1, 5000)


@hypothesis.given(SIDES, SIDES, strategies.integers(1, 10**6))
def test_the_size_fits_and_is_never_larger(width, height, most):
    found = fit(width, height, max_pixels=most)
    assert found[0] * found[1] <= most
    assert 1 <= found[0] <= width
    assert 1 <= found[1] <= height


def test_the_aspect_ratio_stays():
    # A quarter of the pixels is half of each side.
    assert fit(600, 400, max_pixels=60_000) == (300, 200)
    assert fit(600, 400, max_pixels=240_000) == (600, 400)


def test_a_drawing_stays_exact():
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[5:9, 4:20] = (250, 10, 90)
    url = picture_url(pixels, max_pixels=600)
    assert url.startswith("data:image/png;base64,")
    assert np.array_equal(Image(url).pixels, pixels)


def test_noise_is_sent_as_jpeg_and_looks_alike():
    noise = np.random.default_rng(3).integers(0, 255, (48, 64, 3), np.uint8)
    smooth = np.repeat(np.repeat(noise[:6, :8], 8, 0), 8, 1)
    photo = (smooth // 2 + noise // 16).astype(np.uint8)
    url = picture_url(photo, max_pixels=4000)
    assert url.startswith("data:image/jpeg;base64,")
    assert np.abs(Image(url).pixels.astype(float) - photo).mean() == pytest.approx(0, abs=12)
