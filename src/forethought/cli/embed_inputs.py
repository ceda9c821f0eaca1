"""The inputs of `forethought embed`: files, folders and JSON Lines as items with an id each."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from forethought.cli.json_line import InputItem, InvalidLineError, by_suffix, read_line
from forethought.errors import ConfigError, DataError
from forethought.media import check_pages

STDIN = "-"
_LINES_SUFFIX = ".jsonl"
_MAX_LISTED = 3


@dataclass(frozen=True, slots=True)
class InputItems:
    """The valid items, one message for each invalid one, and what folders held besides, by kind."""

    valid: tuple[InputItem, ...]
    errors: tuple[str, ...]
    passed_over: dict[str, int]

    def has(self, kind: str) -> bool:
        """Whether any of them is a "pdf" or a "video"."""
        return any(file.kind == kind for item in self.valid for file in item.files)


def read_inputs(inputs: Sequence[str], *, pages: str = "") -> InputItems:
    """List the items of all inputs in order; nothing is decoded yet.

    Args:
        pages: those of every PDF, as in "1-3"; empty for all.

    Raises:
        ConfigError: if there are pages and no PDF.
        ContentError: if the pages cannot be parsed.
        DataError: if a file or folder does not exist, or there is no picture in a folder.
    """
    valid: list[InputItem] = []
    errors: list[str] = []
    passed_over: Counter[str] = Counter()
    for name in inputs:
        for item in _read_input(name, pages or None, passed_over):
            if isinstance(item, InputItem):
                valid.append(item)
            else:
                errors.append(item)
    if pages:
        check_pages(pages, "--pages")
    items = InputItems(tuple(valid), tuple(errors), dict(passed_over))
    if pages and not items.has("pdf"):
        raise ConfigError(f"--pages {pages}: none of the inputs is a PDF; leave the option out")
    return items


def invalid_inputs(errors: Sequence[str]) -> DataError:
    """An error that lists the first messages and counts the others."""
    more = f"; and {len(errors) - _MAX_LISTED} more" if len(errors) > _MAX_LISTED else ""
    listed = "; ".join(errors[:_MAX_LISTED])
    return DataError(f"{listed}{more}. Nothing is written; correct this or pass --skip-bad")


def _read_input(
    name: str, pages: str | None, passed_over: Counter[str]
) -> Iterable[InputItem | str]:
    if not name:
        raise DataError(
            "an input is empty (''); name a file or a folder ('.' is the working folder)"
        )
    path = Path(name)
    if name == STDIN:
        return _read_lines(sys.stdin.buffer, pages)
    if path.is_dir():
        return _read_folder(path, passed_over)
    if not path.exists():
        raise DataError(f"{name}: no such file or folder; check the path{_text_hint(name)}")
    if path.suffix.lower() == _LINES_SUFFIX:
        return _read_lines(path.read_bytes().splitlines(), pages)
    return [InputItem(name, "", (by_suffix(path, pages),), name)]


def _text_hint(name: str) -> str:
    """How to embed a text, where an input may have been meant as one."""
    is_path = Path(name).suffix or Path(name).parent != Path()
    return "" if is_path else ', or pass a text as a line {"text": ...} of a .jsonl file or to -'


def _read_folder(folder: Path, passed_over: Counter[str]) -> Iterator[InputItem | str]:
    from forethought.index import list_pictures

    listing = list_pictures(folder)
    passed_over.update(listing.passed_over)
    for picture in listing.pictures:
        path = folder / picture.path
        yield InputItem(str(path), "", (by_suffix(path),), str(path))
    for file in listing.skipped:
        yield f"{folder / file.path}: {file.reason}"


def _read_lines(lines: Iterable[bytes], pages: str | None) -> Iterator[InputItem | str]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield read_line(line, number, pages)
        except InvalidLineError as error:
            yield f"line {number}: {error}"
