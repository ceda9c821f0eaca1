"""The SQLite file of a store: creation, connections, transactions, and errors."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from forethought.errors import DataError
from forethought.rationales.rationale_table import CREATE
from forethought.rationales.sqlite_errors import (
    LOCK_TIMEOUT_S,
    LOCKED,
    describe_os_error,
    describe_sqlite_error,
    primary_code,
)

FILE = "rationales.sqlite"
_VERSION = 2
"""Version of the table and of its keys, stored as the file's `user_version`."""


def prepare(folder: Path) -> None:
    """Create the folder, the file and its table where missing; safe in any number of processes.

    Raises:
        DataError: if the folder cannot be used, or the file is not a store of this version.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise describe_os_error(folder, error) from None
    with connect(folder) as connection:
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == _VERSION:
            return
        if version:
            raise DataError(
                f"{folder / FILE}: a store of version {version}, this package reads version "
                f"{_VERSION}, whose keys differ: name a new folder, and embed once more to fill it"
            )
        _enable_write_ahead(connection)
        with transaction(connection):
            connection.execute(CREATE)
            connection.execute(f"PRAGMA user_version = {_VERSION}")


@contextmanager
def connect(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that is closed at the end, so a store holds none and may be pickled.

    Raises:
        DataError: for every SQLite error.
    """
    file = folder / FILE
    try:
        with closing(
            sqlite3.connect(file, timeout=LOCK_TIMEOUT_S, isolation_level=None)
        ) as connection:
            yield connection
    except sqlite3.Error as error:
        raise describe_sqlite_error(file, error) from None


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything that is written inside, or nothing."""
    # Lock at the start: a reader that becomes a writer cannot wait for another writer.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _enable_write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and one writer work at the same time."""
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # Unlike other statements, this one does not wait for locks.
            if primary_code(error) not in LOCKED or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
