"""Atomic writes, and locks between processes."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.errors import ConfigError, DataError

if TYPE_CHECKING:
    from filelock import BaseFileLock


_REMEDIES = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some of your quota",
    errno.EFBIG: "raise the limit on the size of files (`ulimit -f`)",
    errno.EROFS: "mount it for writing",
    errno.EACCES: "change its permissions",
    errno.EPERM: "change its permissions",
    errno.ENAMETOOLONG: "shorten the name",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "check the path",
    errno.EISDIR: "check the path",
    errno.ELOOP: "mend the link",
    errno.EMFILE: "close other programs, or raise `ulimit -n`",
    errno.ENFILE: "close other programs",
    errno.ENOMEM: "close other programs",
    errno.EIO: "check the disk",
    errno.ESTALE: "mount the share again",
}


def remedy(code: int | None) -> str:
    """What to do about an error number of the operating system; empty if nothing is known."""
    return _REMEDIES.get(code or 0, "")


def check_target(path: Path | None) -> None:
    """Check an output path before the work whose result is written there; None is allowed.

    Raises:
        ConfigError: if the path is a folder, or its parent is missing or not writable.
    """
    if path is None:
        return
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; name a file in it")
    parent = path.absolute().parent
    if not parent.is_dir():
        raise ConfigError(f"{path}: there is no folder {parent}; make it first")
    if not os.access(parent, os.W_OK):
        raise ConfigError(f"{path}: the folder {parent} cannot be written to; name another one")


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, remove it on error.

    A reader gets the old file or the new one, never part of it. The temporary path has the same
    suffix, by which some writers choose a format; an error of the operating system that names it
    names `path` instead.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        allow_readers(temporary)
        temporary.replace(path)
    except OSError as error:
        if error.errno is None or str(error.filename) != str(temporary):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


def check_new_folder(path: Path) -> None:
    """Check the path of a folder to make, before the work whose results it will hold.

    Raises:
        ConfigError: if there is a file or a folder with files, or its parent is missing or not
            writable.
    """
    if path.is_dir() and any(path.iterdir()):
        raise ConfigError(f"{path} is a folder with files in it; name a new one")
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path} is a file; name a new folder")
    check_target(path.absolute() / "new" if path.is_dir() else path)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it to `path` on success, remove it on error.

    There must be no `path`, or an empty folder.
    """
    path = path.absolute()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.mkdir()
        yield temporary
        temporary.replace(path)
    except OSError as error:
        name = str(error.filename)
        if error.errno is None or not name.startswith(str(temporary)):
            raise
        named = str(path) + name.removeprefix(str(temporary))
        raise OSError(error.errno, os.strerror(error.errno), named) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def allow_readers(path: Path) -> None:
    """Give a file the permissions of any new one: safetensors 0.8 writes for its owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically.

    Raises:
        DataError: if the file cannot be written.
    """
    try:
        with atomic(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from None


def file_lock(path: Path) -> "BaseFileLock":
    """A lock between processes on this path; `acquire(timeout=...)` waits for it."""
    from filelock import FileLock  # noqa: PLC0415 - draws asyncio, which few runs need

    return FileLock(path)
