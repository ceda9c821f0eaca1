import io
import zlib

import numpy as np
import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.media import load_image
from forethought.media.png_text import strip_text
from tests.media.samples import png

ROWS = [bytes(range(12))] * 3
LONG = zlib.compress(b"a" * (1 << 21))
TEXTS = {
    "zTXt": (b"zTXt", b"Comment\0\0" + LONG),
    "iTXt": (b"iTXt", b"Comment\0\1\0\0\0" + LONG),
    "profile": (b"iCCP", b"sRGB\0\0" + LONG),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_long_text_or_profile_does_not_hide_the_picture(text, tmp_path):
    data = png(4, 3, rows=ROWS, chunks=[text])
    with pytest.raises(ValueError, match="MAX_TEXT_CHUNK"):
        PIL.Image.open(io.BytesIO(data))  # what is worked around
    (tmp_path / "a.png").write_bytes(data)
    for source in (data, tmp_path / "a.png"):
        pixels = load_image(source, "x")
        assert pixels.shape == (3, 4, 3)
        assert pixels[2, 3].tolist() == [9, 10, 11]


def test_the_orientation_beside_a_long_text_counts():
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
    data = png(4, 3, rows=ROWS, chunks=[TEXTS["zTXt"], (b"iTXt", xmp)])
    upright = np.rot90(load_image(png(4, 3, rows=ROWS), "x"), -1)
    assert np.array_equal(load_image(data, "x"), upright)


def test_a_long_orientation_is_refused():
    data = png(4, 3, rows=ROWS, chunks=[(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + LONG)])
    with pytest.raises(ContentError, match=r"x: the picture is damaged .*too large"):
        load_image(data, "x")


def test_the_rest_of_a_file_stays_as_it_is():
    bare = png(4, 3, rows=ROWS)
    assert strip_text(bare) == bare
    assert strip_text(png(4, 3, rows=ROWS, chunks=TEXTS.values())) == bare
    assert strip_text(bare[:-7]) == bare[:-7]
