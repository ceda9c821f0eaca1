import io
import struct

import numpy as np
import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.media import load_image
from tests.media.samples import png

WHITE_IS_ZERO, SIGNED, BITS = 0, 2, 12


def tiff(samples, bits, kind=1, photometric=1):
    """One row of grey in a little-endian TIFF 6.0, written by hand."""
    tags = [(256, len(samples)), (257, 1), (258, bits), (259, 1), (262, photometric), (273, 134)]
    tags += [(277, 1), (278, 1), (279, len(samples) * bits // 8), (339, kind)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + struct.pack("<I", 0)
    return head + samples_of(samples, bits, kind)


def samples_of(samples, bits, kind):
    if bits == BITS:
        # Two samples in three bytes.
        a, b = samples
        return bytes([a >> 4, (a & 15) << 4 | b >> 8, b & 255])
    return np.array(samples, f"<{ {1: 'u', 2: 'i', 3: 'f'}[kind] }{bits // 8}").tobytes()


def grey(data):
    pixels = load_image(data, "x")
    assert (pixels == pixels[..., :1]).all()
    return pixels[0, :, 0].tolist()


@pytest.mark.parametrize(
    ("samples", "bits", "kind", "expected"),
    [
        # k of 255 is k * 257 of 65535, k * 16843009 of 4294967295, and k / 255 of 1.
        ([0, 219 * 257, 65535], 16, 1, [0, 219, 255]),
        ([0, 219 * 16843009, 4294967295], 32, 1, [0, 219, 255]),
        ([0, 67 / 255, 219 / 255, 1], 32, 3, [0, 67, 219, 255]),
        ([0, 255], 16, 1, [0, 0]),  # dark, not white
        ([0, 0.5 / 255], 32, 3, [0, 0]),
        # 2048 of 4095 is 127.5 of 255.
        ([2048, 4095], BITS, 1, [127, 255]),
    ],
    ids=["16 bits", "32 bits", "floats", "dark 16 bits", "dark floats", "12 bits"],
)
def test_samples_are_scaled_from_the_range_of_their_type(samples, bits, kind, expected):
    data = tiff(samples, bits, kind)
    assert grey(data) == expected
    assert grey(PIL.Image.open(io.BytesIO(data))) == expected


def test_white_may_be_zero():
    assert grey(tiff([0, 219 * 257], 16, photometric=WHITE_IS_ZERO)) == [255, 36]
    assert grey(tiff([0, 219 / 255], 32, 3, photometric=WHITE_IS_ZERO)) == [255, 36]


def test_the_grey_of_a_pgm_is_scaled_from_its_largest_value():
    assert grey(b"P5 3 1 1023\n" + struct.pack(">HHH", 0, 512, 1023)) == [0, 127, 255]


def test_floats_of_a_picture_in_memory_are_from_0_to_1():
    assert grey(PIL.Image.fromarray(np.array([[0, 219 / 255]], np.float32))) == [0, 219]


@pytest.mark.parametrize("value", [219.0, -0.5, np.nan, np.inf])
def test_floats_outside_are_refused(value):
    rule = r"x: float samples are from 0 to 1, and 1 of 3 are not, such as .*divide by the value"
    with pytest.raises(ContentError, match=rule):
        load_image(tiff([0, value, 1], 32, 3), "x")


def test_whole_numbers_without_a_range_are_refused():
    rule = "signed whole numbers of {} bits, and nothing says which of them is white; scale it"
    with pytest.raises(ContentError, match=rule.format(16)):
        load_image(tiff([0, 219], 16, SIGNED), "x")
    with pytest.raises(ContentError, match=rule.format(32)):
        load_image(tiff([0, 219], 32, SIGNED), "x")
    with pytest.raises(ContentError, match=rule.format(32)):
        load_image(PIL.Image.new("I", (3, 2), 219), "x")


@pytest.mark.parametrize(
    ("depth", "row", "key", "expected"),
    [
        (1, b"\x40", 1, [0, 255]),
        (2, b"\x60", 1, [255, 170]),  # samples 1 and 2 of 3
        (4, b"\x5f", 5, [255, 255]),
        (4, b"\x5a", 10, [85, 255]),
        (8, b"\x05\x5f", 5, [255, 95]),
        (16, struct.pack(">HH", 257 * 9, 257 * 9 + 1), 257 * 9, [255, 9]),
    ],
)
def test_the_transparent_grey_of_a_png_is_white_at_every_depth(depth, row, key, expected):
    data = png(2, 1, depth=depth, kind=0, rows=[row], transparent=(key,))
    assert grey(data) == expected


def test_the_transparent_colour_of_16_bits_is_white():
    key = (40_000, 257, 514)
    row = struct.pack(">6H", *key, 257 * 9, 257 * 8, 257 * 7)
    pixels = load_image(png(2, 1, depth=16, kind=2, rows=[row], transparent=key), "x")
    assert pixels[0].tolist() == [[255, 255, 255], [9, 8, 7]]


def test_premultiplied_alpha_is_laid_on_white():
    picture = PIL.Image.new("LA", (2, 1), (100, 0)).convert("La")
    assert grey(picture) == [255, 255]
