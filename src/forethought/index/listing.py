"""The picture files of a folder and its subfolders."""

import os
import stat
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from forethought.errors import DataError
from forethought.index.passed_over import describe_kinds, file_kind
from forethought.media import picture_support


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A picture file; `path` is relative to the folder, with forward slashes, `size` in bytes.

    `mtime_ns` is within 64 bits: see `wrap_time`.
    """

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that cannot be read, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The picture files of a folder and the files that cannot be opened, each sorted by path.

    `passed_over` counts the visible files of well-known kinds that Pillow cannot open, by kind.
    """

    pictures: tuple[PictureFile, ...]
    skipped: tuple[SkippedFile, ...]
    passed_over: dict[str, int] = field(default_factory=dict)


def check_folder(folder: Path | str) -> None:
    """Refuse a path without pictures; the walk ends at the first one.

    Raises:
        DataError: if the path is not a folder, or there is no picture in it.
    """
    walk = _start(folder)
    _check_found(walk, next(walk.pictures(), None))


def list_pictures(folder: Path | str) -> Listing:
    """List the files below a folder whose suffix says that they are pictures that can be read here.

    Hidden files and folders are left out. Links are followed; no folder is listed twice.

    Raises:
        DataError: if the path is not a folder, or there is no picture in it.
    """
    walk = _start(folder)
    pictures = sorted(walk.pictures(), key=lambda picture: picture.path)
    _check_found(walk, pictures)
    skipped = sorted(walk.skipped, key=lambda file: file.path)
    return Listing(tuple(pictures), tuple(skipped), dict(walk.passed_over))


def wrap_time(nanoseconds: int) -> int:
    """A time as a signed number of 64 bits, modulo 2**64: years before 1678 or after 2262 wrap.

    Times that differ stay different, which is all that a comparison with the index needs.
    """
    return (nanoseconds + 2**63) % 2**64 - 2**63


@dataclass(slots=True)
class _FolderWalk:
    """One pass over a folder tree, real folders before linked ones."""

    root: Path
    skipped: list[SkippedFile] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    _visited: set[tuple[int, int]] = field(default_factory=set)
    _folders: deque[str] = field(default_factory=deque)
    _links: deque[str] = field(default_factory=deque)

    def pictures(self) -> Iterator[PictureFile]:
        # Parents count as visited: a link to one would list every folder beside the root.
        self._visited.update(_identity(parent) for parent in self.root.resolve().parents)
        self._folders.append("")
        while self._folders or self._links:
            folder = self._folders.popleft() if self._folders else self._links.popleft()
            try:
                if self._visit(self.root / folder):
                    yield from self._files(folder)
            except OSError as error:
                self._skip(folder or ".", f"the folder cannot be opened ({error.strerror})")

    def _visit(self, folder: Path) -> bool:
        """Mark a folder as visited; False if it was visited before."""
        identity = _identity(folder)
        is_new = identity not in self._visited
        self._visited.add(identity)
        return is_new

    def _files(self, folder: str) -> Iterator[PictureFile]:
        with os.scandir(self.root / folder) as entries:
            visible = sorted((entry for entry in entries if entry.name[0] != "."), key=_name)
        for entry in visible:
            path = f"{folder}/{entry.name}" if folder else entry.name
            try:
                picture = self._stat(entry, path)
            except OSError as error:
                if _has_picture_suffix(entry.name):
                    self._skip(path, _unopened(entry, error))
                continue
            if picture is not None:
                yield picture

    def _stat(self, entry: os.DirEntry[str], path: str) -> PictureFile | None:
        """The picture file of an entry; folders are queued instead."""
        if entry.is_dir():
            (self._links if entry.is_symlink() else self._folders).append(path)
            return None
        if not _has_picture_suffix(entry.name):
            kind = file_kind(entry.name)
            if kind is not None and entry.is_file():
                self.passed_over[kind] += 1
            return None
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        if not _is_utf8(path):
            self._skip(path, "its name is not UTF-8; rename it")
            return None
        return PictureFile(path, status.st_size, wrap_time(status.st_mtime_ns))

    def _skip(self, path: str, reason: str) -> None:
        printable = path.encode(errors="backslashreplace").decode()
        self.skipped.append(SkippedFile(printable, reason))


def _unopened(entry: os.DirEntry[str], error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and entry.is_symlink():
        return "a link to a file that does not exist; mend or remove the link"
    return f"it cannot be opened ({error.strerror})"


def _start(path: Path | str) -> _FolderWalk:
    folder = Path(path)
    if not folder.exists():
        raise DataError(f"{folder}: no such folder; check the path")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file, not a folder; name the folder that contains it")
    return _FolderWalk(folder)


def _check_found(walk: _FolderWalk, found: object) -> None:
    """Refuse a folder where a walk found no picture, not even one that cannot be opened."""
    if found or walk.skipped:
        return
    kinds = describe_kinds(walk.passed_over)
    raise DataError(
        f"{walk.root}: no pictures in it or below it{f' (but {kinds})' if kinds else ''}; use any "
        "format that Pillow opens (.png .jpg .webp .gif .tif ...)"
    )


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _has_picture_suffix(name: str) -> bool:
    return picture_support(Path(name).suffix).is_readable


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
