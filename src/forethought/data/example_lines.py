"""The lines of a file of examples by index: as they are written, without their media."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.example_inputs import place
from forethought.data.example_line import ExampleLine
from forethought.data.json_lines import parse_line
from forethought.errors import DataError


@dataclass(frozen=True)
class ExampleLines:
    """The examples of a JSON Lines file; empty lines do not count.

    What stays in memory of one is where it is.
    """

    path: Path

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[ExampleLine]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> ExampleLine:
        """One example.

        Raises:
            DataError: if the line is no example, or the file cannot be read.
            IndexError: if there is none with that index.
        """
        return parse_line(self.text(index), self.place(index))

    def text(self, index: int) -> bytes:
        """The line of one example.

        Raises:
            DataError: if the file cannot be read.
            IndexError: if there is none with that index.
        """
        _, offset = self._places[index]
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                return file.readline()
        except OSError as error:
            raise self._unreadable(error) from None

    def place(self, index: int) -> str:
        """File and number of an example's line, in messages."""
        return place(self.path, self._places[index][0])

    @cached_property
    def _places(self) -> tuple[tuple[int, int], ...]:
        """The number, from 1, and the offset of each line."""
        found, offset = [], 0
        try:
            with self.path.open("rb") as file:
                for number, text in enumerate(file, 1):
                    if text.strip():
                        found.append((number, offset))
                    offset += len(text)
        except OSError as error:
            raise self._unreadable(error) from None
        return tuple(found)

    def _unreadable(self, error: OSError) -> DataError:
        return DataError(f"{self.path}: cannot be read ({error.strerror}); name a JSON Lines file")
