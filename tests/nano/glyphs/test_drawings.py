import dataclasses
import io

import PIL.Image
import PIL.ImageOps
import pytest

from forethought.nano.glyphs import sources
from forethought.nano.glyphs.drawings import MARGIN, SIDE, drawings, png
from forethought.nano.packages import unpack


def _open(picture):
    return PIL.Image.open(io.BytesIO(png(picture)))


@pytest.mark.parametrize(("width", "height"), [(300, 150), (7, 14), (112, 112)])
def test_fits_a_drawing_into_the_square_with_its_aspect(width, height):
    square = _open(PIL.Image.new("RGBA", (width, height), (0, 0, 0, 255)))
    assert (square.size, square.mode) == ((112, 112), "RGB")
    box = PIL.ImageOps.invert(square).getbbox()
    assert box is not None
    left, top, right, bottom = box
    room = SIDE - 2 * MARGIN
    assert max(right - left, bottom - top) == room == 104
    assert (right - left) * height == (bottom - top) * width
    assert (left + right, top + bottom) == (SIDE, SIDE)


def test_transparency_becomes_white():
    square = _open(PIL.Image.new("RGBA", (50, 50), (255, 0, 0, 0)))
    assert square.getextrema() == ((255, 255),) * 3


def test_the_round_icon_of_a_language_is_not_drawn_as_a_flag(cache, bolivia):
    argentina = dataclasses.replace(bolivia, code="ar", long_code="arg")
    folders = {source: unpack(source.package, cache) for source in sources.SOURCES}
    found = {one.picture for one in drawings([], [argentina, bolivia], folders)}
    assert {"round/flag-bo", "official/flag-bo", "official/flag-ar"} <= found
    assert "round/flag-ar" not in found
