"""Rows that are spans of bytes of their files."""

from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from forethought.data.data_files import unreadable
from forethought.data.row_table import RawRow, Where, with_progress
from forethought.types import Progress


def scan_spans(
    rows: Iterator[RawRow], files: tuple[Path, ...], *, kind: str, progress: Progress
) -> Iterator[RawRow]:
    """The same rows; progress is in the bytes of all files.

    Raises:
        DataError: if a file, which would be of a `kind`, is not there.
    """
    try:
        before = [0, *accumulate(path.stat().st_size for path in files)]
    except OSError as error:
        raise unreadable(Path(error.filename), error, kind) from None

    def done(row: RawRow) -> int:
        return before[row.where.file] + row.where.start + row.where.size

    return with_progress(rows, progress, total=before[-1], done=done)


def read_span(files: tuple[Path, ...], where: Where, *, kind: str) -> bytes:
    """The bytes of one row.

    Raises:
        DataError: if its file cannot be read.
    """
    path = files[where.file]
    try:
        with path.open("rb") as file:
            file.seek(where.start)
            return file.read(where.size)
    except OSError as error:
        raise unreadable(path, error, kind) from None
