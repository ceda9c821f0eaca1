"""The files that a path names: one, those of a folder, of a pattern or of a range."""

import re
from itertools import chain
from pathlib import Path

from forethought.errors import DataError

_BRACES = re.compile(r"\{([^{}]+)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_PATTERN = re.compile(r"[*?\[]")


def find_files(path: Path, suffixes: frozenset[str]) -> tuple[Path, ...]:
    """The files of a path, in order.

    A folder stands for its files of one of these suffixes, `*` and `?` match as in a shell,
    `{000..003}` counts and `{cats,dogs}` lists. A file need not exist, unless a pattern found it.

    Raises:
        DataError: if a folder or a pattern has none.
    """
    if path.exists():
        return _of_folder(path, suffixes) if path.is_dir() else (path,)
    return tuple(chain.from_iterable(_matches(each) for each in _expanded(str(path))))


def unreadable(path: Path, error: OSError, kind: str) -> DataError:
    """The error of a file that the system does not open; `kind` is what it would be."""
    return DataError(f"{path}: cannot be read ({error.strerror}); name a {kind} file")


def _of_folder(folder: Path, suffixes: frozenset[str]) -> tuple[Path, ...]:
    found = [each for each in folder.iterdir() if each.suffix.lower() in suffixes]
    if not found:
        raise DataError(
            f"{folder}: a folder without {' or '.join(sorted(suffixes))} files; name a file"
        )
    return tuple(sorted(found))


def _matches(path: str) -> list[Path]:
    if Path(path).exists() or not _PATTERN.search(path):
        return [Path(path)]
    base = Path(Path(path).anchor)
    found = sorted(base.glob(str(Path(path).relative_to(base))))
    if not found:
        raise DataError(f"{path}: no file matches; check the path")
    return found


def _expanded(path: str) -> list[str]:
    """The first braces replaced by each of their alternatives, and so on."""
    braces = _BRACES.search(path)
    if braces is None:
        return [path]
    start, end = braces.span()
    return [
        each
        for choice in _choices(braces[1])
        for each in _expanded(f"{path[:start]}{choice}{path[end:]}")
    ]


def _choices(text: str) -> list[str]:
    numbers = _RANGE.fullmatch(text)
    if numbers is None:
        return text.split(",")
    first, last = numbers.groups()
    if int(last) < int(first):
        raise DataError(f"{{{text}}} counts down to nothing; write {{{last}..{first}}}")
    return [f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]
