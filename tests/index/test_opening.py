import hashlib
import io
import os

import PIL.Image
import pytest

from forethought.index import Picture, Unreadable, opening
from forethought.index.opening import Damaged, Opened, open_picture


def _written(folder, content, name="a.png"):
    path = folder / name
    path.write_bytes(content)
    return Picture(name, len(content), path.stat().st_mtime_ns)


def _png(width=7, height=4):
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, height), "blue").save(file, "PNG")
    return file.getvalue()


def test_gives_the_picture_and_the_hash_of_its_bytes(tmp_path):
    opened = open_picture(tmp_path, _written(tmp_path, _png()), known=())
    assert isinstance(opened, Opened)
    assert opened.sha256 == hashlib.sha256(_png()).hexdigest()
    assert opened.image is not None
    assert opened.image.pixels.shape == (4, 7, 3)


def test_does_not_decode_what_is_known_by_its_hash(tmp_path):
    content = b"these bytes are no picture at all"
    known = {hashlib.sha256(content).hexdigest()}
    opened = open_picture(tmp_path, _written(tmp_path, content), known)
    assert isinstance(opened, Opened)
    assert opened.image is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty; export it again"),
        (b"words", "not a picture that Pillow can read; convert it to PNG"),
        (_png()[:-30], "the picture is damaged"),
        (_png(10_000, 10_000), "over 64 megapixels, the most that is decoded"),
    ],
    ids=["empty", "words", "truncated", "100 megapixels"],
)
def test_says_what_is_wrong_with_a_file(tmp_path, content, reason):
    damaged = open_picture(tmp_path, _written(tmp_path, content), known=())
    assert isinstance(damaged, Damaged)
    assert damaged.reason.startswith(reason)


def test_a_file_that_cannot_be_read_is_not_called_damaged(tmp_path):
    picture = _written(tmp_path, _png())
    (tmp_path / "a.png").unlink()
    unreadable = open_picture(tmp_path, picture, known=())
    assert unreadable == Unreadable("a.png", "it cannot be read (No such file or directory)")


def test_a_file_beyond_all_measure_is_not_read(tmp_path):
    path = tmp_path / "a.tif"
    with path.open("wb") as file:
        os.truncate(file.fileno(), opening.MAX_BYTES + 1)
    picture = Picture("a.tif", opening.MAX_BYTES + 1, 3)
    unreadable = open_picture(tmp_path, picture, known=())
    assert isinstance(unreadable, Unreadable)
    assert "over 1 GiB" in unreadable.reason
