"""Which pages of a document are rendered."""

import re
from collections.abc import Iterator
from itertools import chain

from forethought.errors import ContentError

MAX_PAGES = 500
"""The most pages that one call renders."""

_PART = re.compile(r"(\d{1,9})?\s*(-)?\s*(\d{1,9})?")


def parse_pages(which: int | str | slice | None, total: int, name: str) -> tuple[int, ...]:
    """Page numbers, from 1, among `total`.

    Args:
        which: a number; numbers and ranges in the order given, as in "3-7" or "1,4,9-"; a slice,
            which counts from 0; or None, for all.

    Raises:
        ContentError: if it does not parse, or names no page, a page that does not exist, or more
            than `MAX_PAGES`.
    """
    if isinstance(which, slice):
        ranges = [range(1, total + 1)[which]]
    else:
        text = "1-" if which is None else str(which)
        ranges = list(_parse_ranges(text, total, name))
    count = sum(map(len, ranges))
    if not count:
        raise ContentError(f"{name}: {which} holds none of its {total} pages; name at least one")
    if count > MAX_PAGES:
        raise ContentError(
            f"{name}: {count} pages at once, of {total}, and at most {MAX_PAGES} are rendered; "
            f"name a range, as in '1-{MAX_PAGES}'"
        )
    return tuple(chain.from_iterable(ranges))


def check_pages(which: str, name: str) -> None:
    """Check numbers and ranges of pages before a document is opened.

    Raises:
        ContentError: if they do not parse, or a range ends before it starts.
    """
    for _ in _parse_parts(which, name):
        pass


def _parse_ranges(which: str, total: int, name: str) -> Iterator[range]:
    for part, start, last in _parse_parts(which, name):
        end = total if last is None else last
        if not 1 <= start <= total or not start <= end <= total:
            raise ContentError(f"{name}: no pages {part!r}; it has 1 to {total}")
        yield range(start, end + 1)


def _parse_parts(which: str, name: str) -> Iterator[tuple[str, int, int | None]]:
    """Each part with its first and its last page, which is None for that of the document."""
    for part in map(str.strip, which.split(",")):
        match = _PART.fullmatch(part)
        first, to, last = match.groups() if match else (None, None, None)
        if not (first or last) or (first and last and not to):
            raise ContentError(
                f"{name}: pages {which!r} cannot be parsed; write numbers from 1 and ranges, as "
                "in '3-7' or '1,4,9-'"
            )
        if first and last and int(last) < int(first):
            raise ContentError(
                f"{name}: no pages {part!r}; write the smaller number first, as in '3-7'"
            )
        start = int(first or 1)
        yield part, start, int(last) if last else (None if to else start)
