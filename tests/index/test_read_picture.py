import hashlib
import io
import os

import PIL.Image
import pytest

from forethought.index import PictureFile, SkippedFile
from forethought.index import read_picture as reader
from forethought.index.read_picture import DamagedPicture, PictureContent, read_picture


def _write(folder, data, name="a.png"):
    path = folder / name
    path.write_bytes(data)
    return PictureFile(name, len(data), path.stat().st_mtime_ns)


def _png(width=7, height=4):
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "blue").save(file, "PNG")
    return file.getvalue()


def test_returns_the_image_and_the_hash_of_its_bytes(tmp_path):
    content = read_picture(tmp_path, _write(tmp_path, _png()), known=())
    assert isinstance(content, PictureContent)
    assert content.sha256 == hashlib.sha256(_png()).hexdigest()
    assert content.image is not None
    assert content.image.pixels.shape == (4, 7, 3)


def test_a_file_with_a_known_hash_is_not_decoded(tmp_path):
    data = b"these bytes are no picture at all"
    known = {hashlib.sha256(data).hexdigest()}
    content = read_picture(tmp_path, _write(tmp_path, data), known)
    assert isinstance(content, PictureContent)
    assert content.image is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty; export it again"),
        (b"words", "not a picture that Pillow can read; convert it to PNG"),
        (_png()[:-30], "the picture is damaged"),
        (_png(10_000, 10_000), "over 64 megapixels, the most that is decoded"),
    ],
    ids=["empty", "words", "truncated", "100 megapixels"],
)
def test_a_damaged_file_has_a_reason(tmp_path, data, reason):
    damaged = read_picture(tmp_path, _write(tmp_path, data), known=())
    assert isinstance(damaged, DamagedPicture)
    assert damaged.reason.startswith(reason)


def test_a_file_that_cannot_be_read_is_skipped(tmp_path):
    picture = _write(tmp_path, _png())
    (tmp_path / "a.png").unlink()
    skipped = read_picture(tmp_path, picture, known=())
    assert skipped == SkippedFile("a.png", "it cannot be read (No such file or directory)")


def test_a_file_over_the_size_limit_is_skipped(tmp_path):
    path = tmp_path / "a.tif"
    with path.open("wb") as file:
        os.truncate(file.fileno(), reader.MAX_BYTES + 1)
    picture = PictureFile("a.tif", reader.MAX_BYTES + 1, 3)
    skipped = read_picture(tmp_path, picture, known=())
    assert isinstance(skipped, SkippedFile)
    assert "over 1 GiB" in skipped.reason
