"""What is to be embedded: files, folders, and JSON Lines, as items with an id each."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forethought.errors import DataError
from forethought.types import Content, Text, open_file

STDIN = "-"
_LINES = ".jsonl"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Item:
    """One input, not opened yet; `where` is how a message names it."""

    id: str
    words: str
    file: Path | None
    where: str

    def content(self) -> list[Content]:
        """What its file shows, then its words.

        Raises:
            ContentError: if the file cannot be used.
        """
        shown = [] if self.file is None else list(open_file(self.file))
        return [*shown, Text(self.words)] if self.words.strip() else shown


@dataclass(frozen=True, slots=True)
class Items:
    """Everything that was asked for, and what is wrong with the rest, a line each."""

    good: tuple[Item, ...]
    bad: tuple[str, ...]


def read_items(inputs: Sequence[str]) -> Items:
    """Gather items in the order of the inputs; nothing is decoded yet.

    Raises:
        DataError: if a file or folder does not exist, or a folder holds no picture.
    """
    good: list[Item] = []
    bad: list[str] = []
    for name in inputs:
        for found in _one_input(name):
            if isinstance(found, Item):
                good.append(found)
            else:
                bad.append(found)
    return Items(tuple(good), tuple(bad))


def refuse(bad: Sequence[str]) -> DataError:
    """The error that names the first bad inputs and counts the others."""
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    return DataError(
        f"{'; '.join(bad[:_NAMED])}{more}. Nothing is written; mend it or pass --skip-bad"
    )


def _one_input(name: str) -> Iterable[Item | str]:
    path = Path(name)
    if name == STDIN:
        return _lines(sys.stdin.buffer)
    if path.is_dir():
        return _folder(path)
    if not path.exists():
        raise DataError(f"{name}: no such file or folder; check the path")
    if path.suffix.lower() == _LINES:
        return _lines(path.read_bytes().splitlines())
    return [Item(name, "", path, name)]


def _folder(folder: Path) -> Iterator[Item | str]:
    from forethought.index import list_pictures

    listing = list_pictures(folder)
    for picture in listing.pictures:
        path = folder / picture.path
        yield Item(str(path), "", path, str(path))
    for file in listing.skipped:
        yield f"{folder / file.path}: {file.reason}"


def _lines(lines: Iterable[bytes]) -> Iterator[Item | str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _line(line, number)
        except _BadLineError as error:
            yield f"line {number}: {error}"


class _BadLineError(Exception):
    """A line that is no item."""


def _line(line: bytes, number: int) -> Item:
    try:
        fields = json.loads(line)
    except (RecursionError, ValueError) as error:
        raise _BadLineError(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise _BadLineError('not an object; write {"id": ..., "text": ..., "image": ...}')
    words, image = (_words(fields, key) for key in ("text", "image"))
    if not words.strip() and not image:
        raise _BadLineError('neither "text" nor "image" says anything; give one of them')
    picture = Path(image) if image else None
    if picture is not None and not _is_file(picture):
        raise _BadLineError(f"{image}: no such picture; check the path")
    found = fields.get("id", number)
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise _BadLineError(f'"id" is {found!r}; use a string or a whole number')
    return Item(str(found), words, picture, f"line {number}")


def _words(fields: dict[str, object], key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _BadLineError(f'"{key}" is {value!r}; use a string')
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _BadLineError(f'"{key}" holds half of a character, {value!r}; mend it') from None
    return value


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A name longer than the system allows.
        return False
