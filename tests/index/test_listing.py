import os
import shutil
import subprocess
import sys

import PIL.Image
import pytest

from forethought.errors import DataError
from forethought.index import PictureFile, SkippedFile, check_folder, describe_kinds, list_pictures
from forethought.index.listing import wrap_time


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
    assert broken == SkippedFile(
        "gone.png", "a link to a file that does not exist; mend or remove the link"
    )


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


def test_counts_visible_files_of_other_kinds(tmp_path):
    _draw(tmp_path / "a.png")
    (tmp_path / "folder.pdf").mkdir()
    names = (
        "b.PDF",
        "sub/c.svgz",
        "sub/d.svg",
        "e.mkv",
        "f.dng",
        "g.jxl",
        ".hidden/h.pdf",
        "i.txt",
        "j.docx",
        "k.exe",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = list_pictures(tmp_path).passed_over
    assert found == {
        "PDF": 1,
        "SVG": 2,
        "video": 1,
        "raw photo": 1,
        "JPEG XL": 1,
        "text": 1,
        "office document": 1,
    }
    assert describe_kinds(found) == (
        "1 PDF, 1 text, 1 office document, 1 video, 2 SVGs, 1 JPEG XL, 1 raw photo"
    )


def test_a_folder_of_other_kinds_is_refused_with_their_number(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"x")
    with pytest.raises(DataError, match=r"no pictures in it or below it \(but 1 PDF\); use any"):
        check_folder(tmp_path)


@pytest.mark.parametrize(
    ("time", "wrapped"),
    [
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        # One more than the largest signed number of 64 bits is the smallest.
        (2**63, -(2**63)),
        (-(2**63) - 1, 2**63 - 1),
        (2**63 + 5, -(2**63) + 5),
    ],
)
def test_a_time_wraps_at_64_bits(time, wrapped):
    assert wrap_time(time) == wrapped


def test_a_folder_is_listed_without_lancedb(tmp_path):
    _draw(tmp_path / "a.png")
    code = (
        "import sys; sys.modules.update(lancedb=None, pyarrow=None)\n"
        "from pathlib import Path; from forethought.index import list_pictures\n"
        "print(len(list_pictures(Path(sys.argv[1])).pictures))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("1\n", "")
