"""The pages of a PDF, as pictures."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from forethought.errors import ConfigError, ContentError
from forethought.media.address import is_data_url, is_web_url, said
from forethought.types.image import Image

MAX_PAGES = 500
"""The most pages that one call renders."""

_PART = re.compile(r"(\d{1,9})?\s*(-)?\s*(\d{1,9})?")


def pages(
    pdf: str | Path | bytes,
    which: int | str | slice | None = None,
    *,
    dpi: int = 150,
    password: str | None = None,
    source: str = "",
) -> tuple[Image, ...]:
    """Render pages of a PDF, with what is filled into its forms.

    A page that would be over `MAX_PIXELS` is rendered as large as it may be.

    Args:
        pdf: a path, or the bytes of a PDF.
        which: a page's number, from 1; numbers and ranges, as in "3-7" or "1,4,9-", in the order
            said; a slice, which counts as slices do, from 0; or None, for all.
        dpi: pixels an inch of paper.
        password: opens an encrypted one.
        source: what messages call it; the path by default. Each picture's source adds its page.

    Raises:
        ConfigError: if `dpi` is below 1.
        ContentError: if it cannot be found, opened or rendered, has no such page, or is asked for
            more than `MAX_PAGES` pages or `MAX_PIXELS_TOGETHER` at once.
    """
    name = source or said(pdf, "document")
    if dpi < 1:
        raise ConfigError(f"dpi must be at least 1, got {dpi}: 150 is usual")
    file = _checked(pdf, name)
    try:
        from forethought.media.pdf_render import opened  # noqa: PLC0415 - PDFium is an extra
    except ModuleNotFoundError as error:
        if error.name != "pypdfium2":
            raise
        raise ContentError(
            f"{name}: reading a PDF needs PDFium: pip install 'forethought[media]', or show its "
            "pages as pictures"
        ) from None
    with opened(file, name, password) as paper:
        return paper.render(_asked(which, len(paper), name), dpi)


def _checked(pdf: str | Path | bytes, name: str) -> Path | bytes:
    if is_web_url(pdf) or is_data_url(pdf):
        raise ContentError(f"{name}: a URL, and PDFs are not fetched; download it, show the file")
    if not isinstance(pdf, bytes):
        pdf = Path(pdf)
        if not pdf.is_file():
            what = "a folder, not a PDF" if pdf.is_dir() else "no such file"
            raise ContentError(f"{name}: {what}; check the path")
    if not (len(pdf) if isinstance(pdf, bytes) else pdf.stat().st_size):
        raise ContentError(f"{name}: empty (0 bytes); export it again")
    return pdf


def _asked(which: int | str | slice | None, total: int, name: str) -> tuple[int, ...]:
    """Page numbers, from 1."""
    if isinstance(which, slice):
        ranges = [range(1, total + 1)[which]]
    else:
        text = "1-" if which is None else str(which)
        ranges = list(_ranges(text, total, name))
    count = sum(map(len, ranges))
    if not count:
        raise ContentError(f"{name}: {which} holds none of its {total} pages; name at least one")
    if count > MAX_PAGES:
        raise ContentError(
            f"{name}: {count} pages at once, of {total}, and at most {MAX_PAGES} are rendered; "
            f"name a range, as in '1-{MAX_PAGES}'"
        )
    return tuple(chain.from_iterable(ranges))


def _ranges(which: str, total: int, name: str) -> Iterator[range]:
    for part in which.split(","):
        found = _PART.fullmatch(part.strip())
        first, to, last = found.groups() if found else (None, None, None)
        if not (first or last) or (first and last and not to):
            raise ContentError(
                f"{name}: pages {which!r} cannot be understood; they are numbers from 1 and "
                "ranges, as in '3-7' or '1,4,9-'"
            )
        begin = int(first or 1)
        end = int(last) if last else (total if to else begin)
        if not 1 <= begin <= total or not begin <= end <= total:
            raise ContentError(f"{name}: no pages {part.strip()!r}; it has 1 to {total}")
        yield range(begin, end + 1)
