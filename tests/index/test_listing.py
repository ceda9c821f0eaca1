import os
import shutil

import PIL.Image
import pytest

from forethought.errors import DataError
from forethought.index import PictureFile, SkippedFile, list_pictures


def _draw(path, colour="red"):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.new("RGB", (5, 3), colour).save(path)
    return path


def _paths(folder):
    return [picture.path for picture in list_pictures(folder).pictures]


def test_lists_pictures_at_any_depth_sorted_by_path(tmp_path):
    for name in ("b.png", "a/deep/er/c.JPG", "a/b.webp", "z.tif"):
        _draw(tmp_path / name)
    assert _paths(tmp_path) == ["a/b.webp", "a/deep/er/c.JPG", "b.png", "z.tif"]


def test_lists_size_and_mtime(tmp_path):
    path = _draw(tmp_path / "one.png")
    os.utime(path, ns=(5, 1_234_567_891_234_567_891))
    [picture] = list_pictures(tmp_path).pictures
    assert picture == PictureFile("one.png", path.stat().st_size, 1_234_567_891_234_567_891)


def test_leaves_out_hidden_files_and_other_formats(tmp_path):
    _draw(tmp_path / "visible.png")
    _draw(tmp_path / ".hidden/a.png")
    _draw(tmp_path / ".forethought/b.png")
    _draw(tmp_path / "sub/._visible.png")
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "film.mpg").write_bytes(b"not for Pillow")
    os.mkfifo(tmp_path / "pipe.png")
    assert list_pictures(tmp_path).skipped == ()
    assert _paths(tmp_path) == ["visible.png"]


def test_follows_links_without_loops(tmp_path):
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    _draw(inside / "real/a.png")
    _draw(outside / "b.png")
    (inside / "again").symlink_to(inside / "real")
    (inside / "real/loop").symlink_to(inside)
    (inside / "real/up").symlink_to(tmp_path)
    (inside / "there").symlink_to(outside)
    (inside / "itself.png").symlink_to("itself.png")
    assert _paths(inside) == ["real/a.png", "there/b.png"]


def test_a_broken_link_is_skipped_with_its_reason(tmp_path):
    _draw(tmp_path / "a.png")
    (tmp_path / "gone.png").symlink_to("nothing.png")
    [broken] = list_pictures(tmp_path).skipped
    assert broken == SkippedFile("gone.png", "it cannot be opened (No such file or directory)")


def test_a_name_that_is_not_utf_8_is_skipped_with_its_reason(tmp_path):
    _draw(tmp_path / "a.png")
    shutil.copy(tmp_path / "a.png", os.fsencode(tmp_path) + b"/\xff.png")
    [strange] = list_pictures(tmp_path).skipped
    assert strange == SkippedFile("\\udcff.png", "its name is not UTF-8; rename it")


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("nowhere", "no such folder; check the path"),
        ("file.png", "is a file, not a folder; name the folder that contains it"),
        ("empty", "no pictures in it or below it"),
    ],
)
def test_refuses_a_path_without_pictures(tmp_path, name, rule):
    _draw(tmp_path / "file.png")
    (tmp_path / "empty/inner").mkdir(parents=True)
    with pytest.raises(DataError, match=rule):
        list_pictures(tmp_path / name)
