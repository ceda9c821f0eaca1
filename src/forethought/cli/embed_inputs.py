"""The inputs of `forethought embed`: files, folders and JSON Lines as items with an id each."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forethought.errors import DataError
from forethought.types import Content, Text, open_file

STDIN = "-"
_LINES_SUFFIX = ".jsonl"
_MAX_LISTED = 3


@dataclass(frozen=True, slots=True)
class InputItem:
    """One input, not decoded yet; `label` is its name in messages."""

    id: str
    text: str
    file: Path | None
    label: str

    def content(self) -> list[Content]:
        """The content of its file, then its text.

        Raises:
            ContentError: if the file cannot be decoded.
        """
        media = [] if self.file is None else list(open_file(self.file))
        return [*media, Text(self.text)] if self.text.strip() else media


@dataclass(frozen=True, slots=True)
class InputItems:
    """The valid items, and one message for each invalid one."""

    valid: tuple[InputItem, ...]
    errors: tuple[str, ...]


def read_inputs(inputs: Sequence[str]) -> InputItems:
    """List the items of all inputs in order; nothing is decoded yet.

    Raises:
        DataError: if a file or folder does not exist, or there is no picture in a folder.
    """
    valid: list[InputItem] = []
    errors: list[str] = []
    for name in inputs:
        for item in _read_input(name):
            if isinstance(item, InputItem):
                valid.append(item)
            else:
                errors.append(item)
    return InputItems(tuple(valid), tuple(errors))


def invalid_inputs(errors: Sequence[str]) -> DataError:
    """An error that lists the first messages and counts the others."""
    more = f"; and {len(errors) - _MAX_LISTED} more" if len(errors) > _MAX_LISTED else ""
    listed = "; ".join(errors[:_MAX_LISTED])
    return DataError(f"{listed}{more}. Nothing is written; correct this or pass --skip-bad")


def _read_input(name: str) -> Iterable[InputItem | str]:
    path = Path(name)
    if name == STDIN:
        return _read_lines(sys.stdin.buffer)
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise DataError(f"{name}: no such file or folder; check the path")
    if path.suffix.lower() == _LINES_SUFFIX:
        return _read_lines(path.read_bytes().splitlines())
    return [InputItem(name, "", path, name)]


def _read_folder(folder: Path) -> Iterator[InputItem | str]:
    from forethought.index import list_pictures

    listing = list_pictures(folder)
    for picture in listing.pictures:
        path = folder / picture.path
        yield InputItem(str(path), "", path, str(path))
    for file in listing.skipped:
        yield f"{folder / file.path}: {file.reason}"


def _read_lines(lines: Iterable[bytes]) -> Iterator[InputItem | str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _read_line(line, number)
        except _InvalidLineError as error:
            yield f"line {number}: {error}"


class _InvalidLineError(Exception):
    """A line that is not an item."""


def _read_line(line: bytes, number: int) -> InputItem:
    try:
        fields = json.loads(line)
    except (RecursionError, ValueError) as error:
        raise _InvalidLineError(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise _InvalidLineError('not an object; write {"id": ..., "text": ..., "image": ...}')
    text, image = (_string(fields, key) for key in ("text", "image"))
    if not text.strip() and not image:
        raise _InvalidLineError('both "text" and "image" are empty; give one of them')
    file = Path(image) if image else None
    if file is not None and not _is_file(file):
        raise _InvalidLineError(f"{image}: no such picture; check the path")
    identifier = fields.get("id", number)
    if not isinstance(identifier, str | int) or isinstance(identifier, bool):
        raise _InvalidLineError(f'"id" is {identifier!r}; use a string or a whole number')
    return InputItem(str(identifier), text, file, f"line {number}")


def _string(fields: dict[str, object], key: str) -> str:
    """A field as text; empty if it is missing or null."""
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _InvalidLineError(f'"{key}" is {value!r}; use a string')
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _InvalidLineError(
            f'"{key}" has an unpaired surrogate, {value!r}; write it as UTF-8'
        ) from None
    return value


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A name longer than the system allows.
        return False
