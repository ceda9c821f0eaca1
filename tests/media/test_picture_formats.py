import io

import PIL.Image
import PIL.TiffImagePlugin
import pytest

from forethought.errors import ContentError
from forethought.media import PictureSupport, load_image, picture_support


@pytest.mark.parametrize("suffix", [".png", ".JPG", ".webp", ".tif", ".gif", ".bmp", ".psd"])
def test_what_pillow_decodes_is_readable(suffix):
    assert picture_support(suffix) == PictureSupport(is_picture=True, is_readable=True)


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [
        (".DNG", "a camera's raw file.*; export it as JPEG or PNG"),
        (".nef", "a camera's raw file"),
        (".jxl", "JPEG XL, which this Pillow does not read; convert it to PNG"),
        (".svg", "a drawing of lines.*; render it to PNG"),
        (".wmf", "a drawing of Windows"),
        (".ai", "a design program.*; export it as PNG"),
        (".exr", "tone-map it to PNG"),
    ],
)
def test_a_known_picture_that_is_not_read_has_a_reason(suffix, reason, tmp_path):
    support = picture_support(suffix)
    assert (support.is_picture, support.is_readable) == (True, False)
    file = tmp_path / f"a{suffix}"
    file.write_bytes(b"no bytes that Pillow knows")
    with pytest.raises(ContentError, match=f"a{suffix}: .*{reason}"):
        load_image(file, str(file))


@pytest.mark.parametrize("suffix", ["", ".txt", ".pdf", ".mp4", ".py", ".mpg", ".h5", ".grib"])
def test_other_files_are_no_pictures(suffix):
    assert picture_support(suffix) == PictureSupport(is_picture=False, is_readable=False)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"%PDF-1.7 ", r"a PDF, not a picture; its pages are ft.pages"),
        (b"\0\0\0\x20ftypisom\0\0\2\0", r"a video, not a picture; pass ft.Video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video, not a picture"),
        (b"\x1a\x45\xdf\xa3\x01", "a video, not a picture"),
        (b"\xff\x0a\xfa\x7f", "JPEG XL"),
        (b"words", "not a picture that Pillow can read; convert it to PNG"),
    ],
)
def test_bytes_are_known_by_how_they_begin(head, reason):
    with pytest.raises(ContentError, match=f"^x: {reason}"):
        load_image(head + b" and more", "x")


def test_a_raw_file_is_not_shown_by_its_preview(tmp_path):
    tags = PIL.TiffImagePlugin.ImageFileDirectory_v2()
    tags[50706] = b"\1\4\0\0"
    file = io.BytesIO()
    picture = PIL.Image.new("RGB", (4, 3), "red")
    picture.save(file, "TIFF", tiffinfo=tags)
    for source in (file.getvalue(), PIL.Image.open(file)):
        with pytest.raises(ContentError, match="x: a camera's raw file"):
            load_image(source, "x")
    picture.save(tmp_path / "a.nef", "TIFF")
    with pytest.raises(ContentError, match=r"a\.nef: a camera's raw file"):
        load_image(tmp_path / "a.nef", "a.nef")
    picture.save(tmp_path / "b.nef", "PNG")  # a wrong name, and a picture
    assert load_image(tmp_path / "b.nef", "b.nef").shape == (3, 4, 3)


def test_postscript_without_its_program_is_not_damaged(monkeypatch):
    monkeypatch.setattr("PIL.EpsImagePlugin.has_ghostscript", lambda: False)
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 3), "red").save(file, "EPS")
    with pytest.raises(
        ContentError, match="x: PostScript, which Pillow reads only with Ghostscript"
    ):
        load_image(file.getvalue(), "x")
