"""Rows of JSON: one object a line, or one array of objects, of any size."""

import codecs
import json
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.byte_spans import read_span, scan_spans
from forethought.data.data_files import unreadable
from forethought.data.row_table import RawRow, Where
from forethought.errors import DataError
from forethought.types import Progress

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
"""A string, in which brackets mean nothing, or a bracket."""
_OPEN, _CLOSE = b"[{", b"]}"


@dataclass(frozen=True)
class JsonRows:
    """Objects of JSON Lines files, or of files that are one array, told apart by the first byte.

    An array is scanned in place for where its elements begin and end.
    """

    files: tuple[Path, ...]
    kind: str = "JSON Lines"

    def scan(self, progress: Progress) -> Iterator[RawRow]:
        """Every row in order; see `RowTable.scan`. An empty line is none."""
        return scan_spans(self._scan(), self.files, kind=self.kind, progress=progress)

    def read(self, where: Where) -> RawRow:
        return row_of(where, read_span(self.files, where, kind=self.kind))

    def place(self, where: Where) -> str:
        unit = "record" if self._are_arrays[where.file] else "line"
        return f"{self.files[where.file]}, {unit} {where.number}"

    def _scan(self) -> Iterator[RawRow]:
        for number, path in enumerate(self.files):
            find = _elements if self._are_arrays[number] else _lines
            try:
                yield from find(number, path)
            except OSError as error:
                raise unreadable(path, error, self.kind) from None

    @cached_property
    def _are_arrays(self) -> tuple[bool, ...]:
        return tuple(self._is_array(path) for path in self.files)

    def _is_array(self, path: Path) -> bool:
        try:
            with path.open("rb") as file:
                for line in file:
                    text = line.removeprefix(codecs.BOM_UTF8).lstrip()
                    if text:
                        return text.startswith(b"[")
        except OSError as error:
            raise unreadable(path, error, self.kind) from None
        return False


def _lines(number: int, path: Path) -> Iterator[RawRow]:
    offset = 0
    with path.open("rb") as file:
        for count, text in enumerate(file, 1):
            if text.strip():
                yield row_of(Where(number, count, offset, len(text)), text)
            offset += len(text)


def _elements(number: int, path: Path) -> Iterator[RawRow]:
    """The objects of the array that a file is."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        depth, start, end, count = 0, 0, 0, 0
        for token in _TOKEN.finditer(view):
            first = view[token.start()]
            if first in _OPEN:
                depth += 1
                if depth == 1:
                    end = token.end()
                elif depth == 2:
                    start = token.start()
            elif first in _CLOSE:
                depth -= 1
                if depth == 1:
                    count += 1
                    _check_between(view[end:start], count, path)
                    end = token.end()
                    yield row_of(Where(number, count, start, end - start), view[start:end])
                elif depth == 0:
                    _check_between(view[end : token.start()], count + 1, path, is_last=True)
                    _check_between(view[token.end() :], count + 1, path, is_last=True)
                    return
    raise DataError(f"{path}: the array has no end; the file is cut short, copy it again")


def _check_between(text: bytes, count: int, path: Path, *, is_last: bool = False) -> None:
    """Refuse anything but a comma between two elements: it would be left out in silence."""
    expected = b"" if count == 1 or is_last else b","
    if text.strip() != expected:
        raise DataError(
            f"{path}, record {count}: not an array of objects (there is {text.strip()[:40]!r}); "
            "write [{...}, {...}]"
        )


def row_of(where: Where, text: bytes) -> RawRow:
    """The row in a text: an object of JSON, or what is wrong with it."""
    try:
        table = json.loads(text.rstrip())  # else an error names the line behind it
    except (RecursionError, ValueError) as error:
        return RawRow(where, None, f"not JSON ({error}); write one object a line")
    if not isinstance(table, dict):
        return RawRow(where, None, 'not an object; write {"query": ..., "positives": ...}')
    return RawRow(where, table)
