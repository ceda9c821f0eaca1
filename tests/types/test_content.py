from pathlib import Path

import pytest

from forethought.errors import ContentError
from forethought.types import Image, Text, Video, open_file, pages
from tests.media.samples import bare_pdf, grey, index_of, write_pdf, write_video
from tests.types.unchecked import unchecked


@pytest.mark.parametrize("words", ["", " ", "\n\t "])
def test_an_empty_text_is_refused(words):
    with pytest.raises(ContentError, match="text is empty"):
        Text(words)


def test_half_a_character_is_refused():
    with pytest.raises(ContentError, match=r"no Unicode at 2 .half a surrogate pair."):
        Text("a \ud83d")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (b"a bus", r"text is of type bytes; decode it: data.decode\('utf-8'\)"),
        (Path("a.txt"), "text is of type PosixPath; read it: path.read_text"),
        (None, "text is of type NoneType; pass a string"),
        (3.5, "text is of type float; pass a string"),
        (["a bus"], "text is of type list; pass a string"),
    ],
)
def test_what_is_no_string_is_no_text(words, rule):
    with pytest.raises(ContentError, match=rule):
        unchecked(Text, words=words)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Twelve pages, each a shade of grey."""
    return write_pdf(tmp_path_factory.mktemp("book") / "book.pdf", 12)


def test_pages_are_pictures_named_by_their_number(book):
    found = pages(book, "9-10,2", dpi=72)
    assert [index_of(page.pixels) + 1 for page in found] == [9, 10, 2]
    assert [page.source for page in found] == [f"{book}, page {number}" for number in (9, 10, 2)]
    assert [page.source for page in pages(bare_pdf(), dpi=9)] == ["document, page 1"]
    assert [page.source for page in pages(bare_pdf(), source="menu")] == ["menu, page 1"]


@pytest.mark.parametrize(
    ("pdf", "message"),
    [
        ("gone.pdf", "gone.pdf: no such file; check the path"),
        (".", "a folder, not a PDF"),
        (b"", "document: empty .0 bytes.; export it again"),
        ("x" * 300, "no path of a file .File name too long"),
        ("https://example.com/a.pdf", "a URL, and a PDF is not fetched"),
    ],
)
def test_data_that_is_no_pdf_is_refused(pdf, message):
    with pytest.raises(ContentError, match=message):
        pages(pdf)


def test_a_file_is_opened_by_its_suffix(book, tmp_path):
    import PIL.Image

    PIL.Image.fromarray(grey(3)).save(tmp_path / "a.png")
    (picture,) = open_file(tmp_path / "a.png")
    (folder,) = open_file(str(tmp_path))
    (video,) = open_file(write_video(tmp_path / "b.MP4", count=2))
    assert isinstance(picture, Image)
    assert isinstance(folder, Video)
    assert isinstance(video, Video)
    assert len(open_file(book)) == 12
    with pytest.raises(ContentError, match=r"gone\.png: no such file"):
        open_file("gone.png")
