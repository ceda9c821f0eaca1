import subprocess
import sys

import pytest

from forethought.errors import ConfigError, ContentError
from forethought.types import pages
from tests.types.media import bare_pdf, told, write_pdf


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Twelve pages, each a shade of grey."""
    return write_pdf(tmp_path_factory.mktemp("book") / "book.pdf", 12)


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        (None, range(1, 13)),
        (5, [5]),
        ("5", [5]),
        ("3-7", [3, 4, 5, 6, 7]),
        ("1,4,9-", [1, 4, 9, 10, 11, 12]),
        (" 9 - 10 , 2 ", [9, 10, 2]),
        ("-3", [1, 2, 3]),
        (slice(0, 3), [1, 2, 3]),
        (slice(-2, None), [11, 12]),
        (slice(None, None, 5), [1, 6, 11]),
    ],
)
def test_pages_come_as_they_are_asked_for(book, which, numbers):
    found = pages(book, which, dpi=72)
    assert [told(page.pixels) + 1 for page in found] == list(numbers)
    assert [page.source for page in found] == [f"{book}, page {n}" for n in numbers]


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (0, "no pages '0'; it has 1 to 12"),
        (13, "no pages '13'; it has 1 to 12"),
        ("3-13", "no pages '3-13'"),
        ("7-3", "no pages '7-3'"),
        ("999999999-", "no pages '999999999-'"),
        ("", "pages '' cannot be understood; .*as in '3-7' or '1,4,9-'"),
        ("-", "pages '-' cannot be understood"),
        ("1,,2", "pages '1,,2' cannot be understood"),
        ("1 2", "pages '1 2' cannot be understood"),
        ("first", "pages 'first' cannot be understood"),
        (slice(20, 30), "holds none of its 12 pages"),
    ],
)
def test_pages_that_are_not_there_are_refused(book, which, said):
    with pytest.raises(ContentError, match=f"book.pdf: .*{said}"):
        pages(book, which)


def test_a_thick_book_is_read_in_parts():
    thick = bare_pdf(count=10_000)
    with pytest.raises(ContentError, match=r"tome: 10000 pages at once, of 10000.* '1-500'"):
        pages(thick, source="tome")
    assert [page.source for page in pages(thick, "9999-", dpi=9)] == [
        "document, page 9999",
        "document, page 10000",
    ]


@pytest.mark.parametrize(
    ("pdf", "said"),
    [
        ("gone.pdf", "gone.pdf: no such file; check the path"),
        (".", "a folder, not a PDF"),
        (b"", "document: empty .0 bytes.; export it again"),
        ("https://example.com/a.pdf", "a URL, and PDFs are not fetched"),
    ],
)
def test_what_is_no_pdf_is_refused(pdf, said):
    with pytest.raises(ContentError, match=said):
        pages(pdf)


@pytest.mark.parametrize("dpi", [0, -72])
def test_no_resolution_is_refused(book, dpi):
    with pytest.raises(ConfigError, match=f"dpi must be at least 1, got {dpi}"):
        pages(book, dpi=dpi)


def test_without_pdfium_it_says_what_to_install(book):
    code = (
        "import sys; sys.modules['pypdfium2'] = None\n"
        f"from forethought.types import pages; pages({str(book)!r})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "book.pdf: reading a PDF needs PDFium: pip install 'forethought[media]'" in ran.stderr
