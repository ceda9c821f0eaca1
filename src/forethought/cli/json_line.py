"""One line of JSON Lines as an input of `forethought embed`. Every key counts or is refused."""

import json
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from forethought.types import (
    VIDEO_SUFFIXES,
    Content,
    ContentKind,
    Image,
    Message,
    Side,
    Text,
    Video,
    combined_kind,
    pages,
)

KEYS = ("id", "text", "image", "images", "video", "pdf", "pages", "instruction")
"""What a line may hold."""

_EXAMPLE = '{"id": ..., "text": ..., "image": ...}'


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file that is opened as an "image", a "video" or a "pdf", of which `pages` are rendered."""

    path: Path
    kind: str
    pages: str | None = None

    def open(self) -> tuple[Content, ...]:
        """Its content: the pages of a PDF, a video, or a picture.

        Raises:
            ContentError: if it cannot be decoded.
        """
        if self.kind == "pdf":
            return pages(self.path, self.pages)
        return (Video(self.path),) if self.kind == "video" else (Image(self.path),)


_KINDS = {
    "image": ContentKind.PICTURE,
    "video": ContentKind.VIDEO,
    "pdf": ContentKind.PAGE,
}


@dataclass(frozen=True, slots=True)
class InputItem:
    """One input, not decoded yet; `label` is its name in messages.

    `instruction` is its own one: empty for none, None for that of the command.
    """

    id: str
    text: str
    files: tuple[MediaFile, ...]
    label: str
    instruction: str | None = None

    @property
    def content_kind(self) -> ContentKind:
        """The kind of its content, known before a file is opened."""
        kinds = {_KINDS[file.kind] for file in self.files}
        return combined_kind(kinds | ({ContentKind.TEXT} if self.text.strip() else set()))

    def open(self, side: Side) -> list[Content] | Message:
        """The content of its files, then its text; a message if it has its own instruction.

        Raises:
            ContentError: if a file cannot be decoded.
        """
        content = [part for file in self.files for part in file.open()]
        if self.text.strip():
            content.append(Text(self.text))
        if self.instruction is None:
            return content
        return Message(tuple(content), self.instruction, side)


class InvalidLineError(Exception):
    """A line that is not an item."""


def by_suffix(path: Path, which: str | None = None) -> MediaFile:
    """A file that is opened as its suffix says; of a PDF, these pages."""
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        return MediaFile(path, "pdf", which)
    return MediaFile(path, "video" if suffix in VIDEO_SUFFIXES else "image")


def read_line(line: bytes, number: int, which: str | None = None) -> InputItem:
    """The item of a line; `which` are the pages of a PDF where the line names none.

    Raises:
        InvalidLineError: if it is no JSON object, a key is unknown or has a wrong value, a file is
            missing, or there is nothing to embed.
    """
    fields = _fields(line)
    text = _string(fields, "text")
    files = [by_suffix(path, which) for path in _pictures(fields)]
    video, pdf = _string(fields, "video"), _string(fields, "pdf")
    if video:
        files.append(MediaFile(_existing(video, "video"), "video"))
    line_pages = _pages(fields)
    if line_pages is not None and not pdf:
        raise InvalidLineError('"pages" without "pdf"; give the PDF, or leave "pages" out')
    if pdf:
        files.append(MediaFile(_existing(pdf, "pdf"), "pdf", line_pages or which))
    if not text.strip() and not files:
        raise InvalidLineError(
            'both "text" and "image" are empty; give one of them, or "images", "video" or "pdf"'
        )
    identifier = fields.get("id", number)
    if not isinstance(identifier, str | int) or isinstance(identifier, bool):
        raise InvalidLineError(f'"id" is {identifier!r}; use a string or a whole number')
    has_instruction = fields.get("instruction") is not None
    instruction = _string(fields, "instruction") if has_instruction else None
    return InputItem(str(identifier), text, tuple(files), f"line {number}", instruction)


def _fields(line: bytes) -> dict[str, object]:
    try:
        fields = json.loads(line, object_pairs_hook=_without_repeats)
    except (RecursionError, ValueError) as error:
        raise InvalidLineError(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise InvalidLineError(f"not an object; write {_EXAMPLE}")
    for key in fields:
        if key not in KEYS:
            near = get_close_matches(key.lower(), KEYS, n=1)
            hint = f'; did you mean "{near[0]}"?' if near else ";"
            raise InvalidLineError(f"unknown key {key!r}{hint} known: {', '.join(KEYS)}")
    return fields


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key, value in pairs:
        if key in fields:
            raise InvalidLineError(f"the key {key!r} appears twice; leave one out")
        fields[key] = value
    return fields


def _pictures(fields: dict[str, object]) -> list[Path]:
    """The files of "image" or "images", each a path or a list of paths."""
    given = [key for key in ("image", "images") if fields.get(key) is not None]
    if len(given) > 1:
        raise InvalidLineError('both "image" and "images"; put all the paths into one of them')
    if not given:
        return []
    key, value = given[0], fields[given[0]]
    if not isinstance(value, str | list):
        raise InvalidLineError(f'"{key}" is {value!r}; use a string, or a list of strings')
    values = value if isinstance(value, list) else [value] if value else []
    if isinstance(value, list) and not all(isinstance(each, str) and each for each in values):
        raise InvalidLineError(f'"{key}" is {value!r}; use a list of paths, each a string')
    return [_existing(_utf8(each, key), "picture") for each in values]


def _pages(fields: dict[str, object]) -> str | None:
    value = fields.get("pages")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise InvalidLineError(f'"pages" is {value!r}; write numbers from 1, as in "1-3" or 2')
    return _utf8(str(value), "pages")


def _string(fields: dict[str, object], key: str) -> str:
    """A field as text; empty if it is missing or null."""
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidLineError(f'"{key}" is {value!r}; use a string')
    return _utf8(value, key)


def _utf8(value: str, key: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidLineError(
            f'"{key}" has an unpaired surrogate, {value!r}; write it as UTF-8'
        ) from None
    return value


def _existing(name: str, kind: str) -> Path:
    path = Path(name)
    try:
        # A folder is a video of its frames.
        is_there = path.is_file() or (kind == "video" and path.is_dir())
    except (OSError, ValueError):
        # A name longer than the system allows, or with a zero byte.
        is_there = False
    if not is_there:
        raise InvalidLineError(f"{name}: no such {kind}; check the path")
    return path
