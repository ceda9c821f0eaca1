"""The sides of the examples in a file, one by one: what a rationale is written about."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forethought.config import dump
from forethought.data.example_line import DocumentLine, QueryLine, open_message
from forethought.data.json_lines import parse_line
from forethought.data.media_store import MediaFolder
from forethought.errors import DataError
from forethought.types import Message, Side

DIGEST_BYTES = 10


@dataclass(frozen=True, slots=True)
class ExampleInput:
    """One side of one example: its query, or one of its positives.

    `line` is the index of the example, from 0; `document` that of the positive, 0 for a query.
    `digest` covers the instruction and the content (of media the paths): inputs with one digest
    are one input. `number` and `offset` are where the example is in the file.
    """

    line: int
    side: Side
    document: int
    digest: str
    number: int
    offset: int


@dataclass(frozen=True, slots=True)
class ExampleInputs:
    """The sides of the examples in a JSON Lines file, in its order."""

    path: Path
    inputs: tuple[ExampleInput, ...]

    @classmethod
    def read(cls, path: Path) -> "ExampleInputs":
        """Read the whole file, without its media.

        Raises:
            DataError: if it cannot be read, or a line is no example.
        """
        try:
            with path.open("rb") as file:
                return cls(path, tuple(_inputs(path, file)))
        except OSError as error:
            raise DataError(
                f"{path}: cannot be read ({error.strerror}); name a JSON Lines file"
            ) from None

    def open(self, one: ExampleInput) -> Message:
        """The message of one side, with its media and nothing of the other side.

        Raises:
            ContentError: if a file cannot be opened.
            DataError: if the file has changed since it was read.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(one.offset)
                text = file.readline()
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be read ({error.strerror}); put it back"
            ) from None
        parsed = parse_line(text, place(self.path, one.number))
        line = parsed.query if one.side is Side.QUERY else parsed.positives[one.document]
        if digest_of(line) != one.digest:
            raise DataError(f"{place(self.path, one.number)}: changed while it was read; run again")
        return open_message(line, one.side, MediaFolder(self.path.parent))


def place(path: Path, number: int) -> str:
    """A line of a file, in messages."""
    return f"{path}, line {number}"


def digest_of(line: QueryLine | DocumentLine) -> str:
    """The digest of a side's instruction and content; equal for a query and a document."""
    parts = [line.instruction, *(dump(part) for part in line.content)]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(
        text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES
    ).hexdigest()


def _inputs(path: Path, file: Iterator[bytes]) -> Iterator[ExampleInput]:
    offset = index = 0
    for number, text in enumerate(file, 1):
        if text.strip():
            parsed = parse_line(text, place(path, number))
            sides = [(Side.QUERY, 0, digest_of(parsed.query))]
            sides += [
                (Side.DOCUMENT, document, digest_of(line))
                for document, line in enumerate(parsed.positives)
            ]
            for side, document, digest in sides:
                yield ExampleInput(index, side, document, digest, number, offset)
            index += 1
        offset += len(text)
