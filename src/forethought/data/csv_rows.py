"""Rows of CSV and TSV files with a line of column names."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.byte_spans import read_span, scan_spans
from forethought.data.data_files import unreadable
from forethought.data.row_table import RawRow, Where
from forethought.errors import DataError
from forethought.types import Progress

KIND = "CSV"


@dataclass(frozen=True)
class CsvRows:
    """Records of UTF-8 text, quoted as spreadsheets do; of a .tsv file, separated by tabs.

    Every value is a string, and an empty one is left out.
    """

    files: tuple[Path, ...]

    def scan(self, progress: Progress) -> Iterator[RawRow]:
        """Every row in order; see `RowTable.scan`."""
        return scan_spans(self._scan(), self.files, kind=KIND, progress=progress)

    def read(self, where: Where) -> RawRow:
        lines = read_span(self.files, where, kind=KIND).splitlines(keepends=True)
        record = next(_records(self.files[where.file], map(_text, lines)), [])
        return self._row(where, record)

    def place(self, where: Where) -> str:
        return f"{self.files[where.file]}, row {where.number}"

    @cached_property
    def _columns(self) -> tuple[tuple[str, ...], ...]:
        return tuple(map(_columns, self.files))

    def _scan(self) -> Iterator[RawRow]:
        for number, path in enumerate(self.files):
            try:
                for count, (start, end, record) in enumerate(_spans(path)):
                    # The first record is the names of the columns.
                    if count and record:
                        yield self._row(Where(number, count, start, end - start), record)
            except OSError as error:
                raise unreadable(path, error, KIND) from None

    def _row(self, where: Where, record: list[str]) -> RawRow:
        columns = self._columns[where.file]
        if len(record) != len(columns):
            return RawRow(
                where,
                None,
                f"{len(record)} values for {len(columns)} columns; quote what holds a separator",
            )
        return RawRow(
            where, {name: text for name, text in zip(columns, record, strict=True) if text}
        )


def _columns(path: Path) -> tuple[str, ...]:
    try:
        _, _, record = next(_spans(path), (0, 0, []))
    except OSError as error:
        raise unreadable(path, error, KIND) from None
    if len(set(record)) != len(record) or not all(record):
        raise DataError(
            f"{path}: the first line must be the names of the columns, each once, got {record}"
        )
    return tuple(record)


def _spans(path: Path) -> Iterator[tuple[int, int, list[str]]]:
    """Every record, and the bytes it stands in: one may be several lines."""
    read = 0

    def lines() -> Iterator[str]:
        nonlocal read
        for line in file:
            read += len(line)
            yield _text(line)

    start = 0
    with path.open("rb") as file:
        for record in _records(path, lines()):
            yield start, read, record
            start = read


def _records(path: Path, lines: Iterator[str]) -> Iterator[list[str]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        yield from csv.reader(lines, delimiter=delimiter, strict=True)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not {KIND} in UTF-8 ({error}); export it again") from None


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig")
