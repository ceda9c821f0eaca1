"""Errors of SQLite and of the operating system, in words of their own with a way out."""

import errno
import sqlite3
from pathlib import Path

from forethought.errors import DataError
from forethought.files import remedy

LOCK_TIMEOUT_S = 30.0
"""How long one process waits for the locks of others."""

LOCKED = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
"""Codes of errors that pass when another process is done."""

_ELSEWHERE = "name another folder"
_PRIMARY = 0xFF  # the rest of a code tells which call failed
_FOREIGN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_WAYS_OUT = {
    sqlite3.SQLITE_FULL: remedy(errno.ENOSPC),
    sqlite3.SQLITE_IOERR: f"{remedy(errno.EIO)} and {remedy(errno.EFBIG)}",
    sqlite3.SQLITE_READONLY: remedy(errno.EACCES),
    sqlite3.SQLITE_PERM: remedy(errno.EACCES),
    sqlite3.SQLITE_CANTOPEN: f"{remedy(errno.EACCES)}, and those of its folder",
    sqlite3.SQLITE_NOMEM: remedy(errno.ENOMEM),
    sqlite3.SQLITE_TOOBIG: "shorten the text",
    sqlite3.SQLITE_PROTOCOL: "move it to a local disk",
}


def primary_code(error: sqlite3.Error) -> int:
    """What kind of error it is, as SQLite counts them; 0 for an error of the Python module."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & _PRIMARY


def describe_sqlite_error(file: Path, error: sqlite3.Error) -> DataError:
    """The error for a store that SQLite cannot read or write."""
    code = primary_code(error)
    if code in _FOREIGN:
        return DataError(
            f"{file}: not a readable store of rationales ({error}); {_ELSEWHERE}, or import an "
            "export of it into a new one"
        )
    if code in LOCKED:
        return DataError(
            f"{file}: other processes held it for over {LOCK_TIMEOUT_S:.0f} s ({error}); wait for "
            "them, or end them"
        )
    way_out = _WAYS_OUT.get(code)
    return DataError(
        f"{file}: cannot be read or written ({error}); {f'{way_out}, or ' if way_out else ''}"
        f"{_ELSEWHERE}"
    )


def describe_os_error(folder: Path, error: OSError) -> DataError:
    """The error for a folder that cannot be made."""
    first = remedy(error.errno)
    return DataError(
        f"{folder}: cannot be used as a folder ({error.strerror}); "
        f"{f'{first}, or ' if first else ''}{_ELSEWHERE}"
    )
