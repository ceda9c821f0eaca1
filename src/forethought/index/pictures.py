"""Which files of a folder are pictures?"""

import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import PIL.Image

from forethought.errors import DataError

# Pillow knows these by name and cannot decode them without another program.
_STUBS = frozenset({"BUFR", "GRIB", "HDF5", "MPEG"})


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file as the folder shows it; `path` is relative to it, with forward slashes."""

    path: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that was passed over, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in a folder: pictures in the order of their paths, and what cannot be opened."""

    pictures: tuple[Picture, ...]
    unreadable: tuple[Unreadable, ...]


def list_pictures(folder: Path) -> Listing:
    """Find every picture below a folder, by the suffixes that Pillow can open.

    Hidden files and folders are passed over. Links are followed, each folder once.

    Raises:
        DataError: if it is not a folder, or there is no picture in it.
    """
    if not folder.exists():
        raise DataError(f"{folder}: no such folder; check the path")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file, not a folder; name the folder it lies in")
    walk = _Walk(folder)
    pictures = sorted(walk.pictures(), key=lambda picture: picture.path)
    if not pictures and not walk.unreadable:
        raise DataError(
            f"{folder}: no pictures in it or below it; any format that Pillow opens will do "
            "(.png .jpg .webp .gif .tif ...)"
        )
    return Listing(tuple(pictures), tuple(sorted(walk.unreadable, key=lambda file: file.path)))


@cache
def suffixes() -> frozenset[str]:
    """The endings of files that Pillow can open, in lower case."""
    known = PIL.Image.registered_extensions()
    opened = set(PIL.Image.OPEN) - _STUBS
    return frozenset(suffix for suffix, name in known.items() if name in opened)


@dataclass(slots=True)
class _Walk:
    """One pass over a tree, real folders before linked ones."""

    root: Path
    unreadable: list[Unreadable] = field(default_factory=list)
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _folders: deque[str] = field(default_factory=deque)
    _links: deque[str] = field(default_factory=deque)

    def pictures(self) -> Iterator[Picture]:
        # A link to a folder above would bring in everything beside the one that was asked for.
        self._seen.update(_identity(above) for above in self.root.resolve().parents)
        self._folders.append("")
        while self._folders or self._links:
            inside = self._folders.popleft() if self._folders else self._links.popleft()
            try:
                if self._is_new(self.root / inside):
                    yield from self._files(inside)
            except OSError as error:
                self._pass_over(inside or ".", f"the folder cannot be opened ({error.strerror})")

    def _is_new(self, folder: Path) -> bool:
        identity = _identity(folder)
        is_new = identity not in self._seen
        self._seen.add(identity)
        return is_new

    def _files(self, inside: str) -> Iterator[Picture]:
        with os.scandir(self.root / inside) as entries:
            shown = sorted((entry for entry in entries if entry.name[0] != "."), key=_name)
        for entry in shown:
            path = f"{inside}/{entry.name}" if inside else entry.name
            try:
                picture = self._look(entry, path)
            except OSError as error:
                if _has_picture_suffix(entry.name):
                    self._pass_over(path, f"it cannot be opened ({error.strerror})")
                continue
            if picture is not None:
                yield picture

    def _look(self, entry: os.DirEntry[str], path: str) -> Picture | None:
        if entry.is_dir():
            (self._links if entry.is_symlink() else self._folders).append(path)
            return None
        if not _has_picture_suffix(entry.name):
            return None
        found = entry.stat()
        if not stat.S_ISREG(found.st_mode):
            return None
        if not _is_text(path):
            self._pass_over(path, "its name is not UTF-8; rename it")
            return None
        return Picture(path, found.st_size, found.st_mtime_ns)

    def _pass_over(self, path: str, reason: str) -> None:
        shown = path.encode(errors="backslashreplace").decode()
        self.unreadable.append(Unreadable(shown, reason))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _identity(folder: Path) -> tuple[int, int]:
    found = folder.stat()
    return found.st_dev, found.st_ino


def _has_picture_suffix(name: str) -> bool:
    return Path(name).suffix.lower() in suffixes()


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
