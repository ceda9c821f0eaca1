"""Rows of files, read in order or one by one; what they mean is for a source to decide."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from forethought.types import Progress

Item = TypeVar("Item")

_REPORT_INTERVAL = 100  # rows


class Where(NamedTuple):
    """Where a row is found again: four numbers, so that an index of millions stays small.

    `number` is its place in messages, from 1; `start` and `size` are for its table: a span of
    bytes, or a group of rows and the row in it.
    """

    file: int
    number: int
    start: int
    size: int


class RawRow(NamedTuple):
    """A row as plain values; without values, `fault` is the reason."""

    where: Where
    values: Mapping[str, object] | None
    fault: str = ""


@runtime_checkable
class RowTable(Protocol):
    """The rows of one or more files of one kind; only the rows that are read are in memory."""

    @property
    def files(self) -> tuple[Path, ...]: ...

    def scan(self, progress: Progress) -> Iterator[RawRow]:
        """Every row in order.

        Raises:
            DataError: if a file cannot be read, or not to its end.
        """
        ...

    def read(self, where: Where) -> RawRow:
        """One row.

        Raises:
            DataError: if its file can no longer be read.
        """
        ...

    def place(self, where: Where) -> str:
        """The file of a row, and its number, in messages."""
        ...


def with_progress(
    rows: Iterator[Item], progress: Progress, *, total: int, done: Callable[[Item], int]
) -> Iterator[Item]:
    """The same rows; reports how much is done, not at every row, and at last that all is."""
    for count, row in enumerate(rows, 1):
        yield row
        if count % _REPORT_INTERVAL == 0:
            progress(done(row), total)
    progress(total, total)
