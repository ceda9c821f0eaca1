import io
import sys

import numpy as np
import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.media import heif_decode, load_image, picture_decoder, picture_support
from forethought.media.heif_decode import is_heif

HEAD = b"\0\0\0\x1cftypheic\0\0\0\0mif1heic"


def test_a_heif_container_is_known_by_its_brand():
    assert is_heif(HEAD)
    assert is_heif(HEAD.replace(b"ftypheic", b"ftypmif1"))
    assert not is_heif(HEAD.replace(b"ftypheic", b"ftypisom"))
    assert not is_heif(b"heic")


def test_without_its_package_heic_is_refused_with_the_way_to_read_it(monkeypatch):
    monkeypatch.setattr(heif_decode, "find_spec", lambda _: None)
    with pytest.raises(ContentError, match=r"a: HEIC, .*pip install pillow-heif, or export it as"):
        load_image(HEAD, "a")


def test_the_decoder_is_named_with_the_package_or_without():
    assert "heif none" in picture_decoder() or picture_support(".heic").is_readable


def heic(picture, **options):
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(picture).save(file, quality=-1, chroma=444, **options)
    return file.getvalue()


@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_a_heic_picture_is_upright_and_on_white(orientation):
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[:, 32:] = (250, 20, 0, 255)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    found = load_image(heic(PIL.Image.fromarray(rgba), exif=exif.tobytes()), "a.heic")
    expected = np.full((48, 64, 3), 255)
    expected[:, 32:] = (250, 20, 0)
    expected = {1: expected, 3: np.rot90(expected, 2), 6: np.rot90(expected, -1)}[orientation]
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).mean() < 4


def test_a_large_or_damaged_heic_is_refused(monkeypatch):
    data = heic(PIL.Image.new("RGB", (64, 48), "red"))
    with pytest.raises(ContentError, match="a: the picture is damaged"):
        load_image(data[:-100], "a")
    monkeypatch.setattr("forethought.media.image_decode.MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(ContentError, match=r"a: over 64 megapixels.*it has 64 x 48"):
        load_image(data, "a")


def test_other_code_of_the_process_opens_what_it_did_before():
    data = heic(PIL.Image.new("RGB", (64, 48), "red"))
    load_image(data, "a")
    assert "pillow_heif" in sys.modules
    with pytest.raises(PIL.UnidentifiedImageError):
        PIL.Image.open(io.BytesIO(data))
