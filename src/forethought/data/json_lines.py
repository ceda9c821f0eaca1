"""Examples from a JSON Lines file, read by line; see `ExampleLine` for the format."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.example_line import parse_line
from forethought.data.example_source import ExampleKey
from forethought.data.shard import Shard
from forethought.errors import ContentError, DataError
from forethought.types import Example


@dataclass(frozen=True, slots=True)
class _Line:
    """What stays in memory of one line."""

    number: int
    offset: int
    key: ExampleKey


@dataclass(frozen=True)
class JsonLines:
    """One example a line; paths of media are relative to the file's folder.

    The whole file is checked at first use; then a line is read again when it is needed, and its
    media are opened.
    """

    path: Path

    def iter_keys(self) -> Iterator[ExampleKey]:
        """The key of every example in order; opens no media."""
        return (line.key for line in self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int) -> Example:
        """Read one example and open its media.

        Raises:
            IndexError: if there is none with that index.
            DataError: if its media cannot be opened.
        """
        line = self._lines[index]
        with self.path.open("rb") as file:
            file.seek(line.offset)
            parsed = parse_line(file.readline(), self._place(line.number))
        try:
            return parsed.example(self.path.parent)
        except ContentError as error:
            raise DataError(f"{self._place(line.number)}: {error}") from None

    def __iter__(self) -> Iterator[Example]:
        return (self[index] for index in range(len(self)))

    def shard(self, rank: int, world_size: int) -> Shard:
        """The part of one of `world_size` processes."""
        return Shard(self, rank, world_size)

    @cached_property
    def _lines(self) -> tuple[_Line, ...]:
        try:
            with self.path.open("rb") as file:
                return tuple(self._check(file))
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be read ({error.strerror}); name a JSON Lines file"
            ) from None

    def _check(self, file: Iterator[bytes]) -> Iterator[_Line]:
        offset = 0
        for number, text in enumerate(file, 1):
            if text.strip():
                parsed = parse_line(text, self._place(number))
                missing = parsed.missing_files(self.path.parent)
                if missing:
                    raise DataError(
                        f"{self._place(number)}: {missing[0]}: no such file; paths are relative "
                        f"to {self.path.parent}"
                    )
                key = ExampleKey(parsed.task, parsed.positives[0].resolved_label)
                yield _Line(number, offset, key)
            offset += len(text)

    def _place(self, number: int) -> str:
        return f"{self.path}, line {number}"
