"""One SQLite file: its table, how it is opened, and what its errors mean."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from forethought.errors import DataError

FILE = "rationales.sqlite"
PATIENCE_S = 30.0
"""How long one process waits for the others."""
_LAYOUT = 1
_TABLE = """
CREATE TABLE IF NOT EXISTS rationales (
  key TEXT PRIMARY KEY,
  thinking TEXT NOT NULL,
  answer TEXT NOT NULL,
  ending TEXT NOT NULL,
  token_ids TEXT NOT NULL,
  reasoner TEXT NOT NULL,
  sources TEXT NOT NULL,
  created TEXT NOT NULL,
  edited TEXT NOT NULL DEFAULT '',
  original TEXT NOT NULL DEFAULT ''
)
"""


def prepare(folder: Path) -> None:
    """Make the folder, the file and its table where they are missing; any number may at once.

    Raises:
        DataError: if the folder cannot be used, or the file is none of ours.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be used as a folder ({error.strerror}); name another one"
        ) from None
    with connected(folder) as connection:
        layout = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if layout == _LAYOUT:
            return
        if layout:
            raise DataError(
                f"{folder / FILE}: its layout is {layout}, this version reads {_LAYOUT}; export it "
                "with the version that wrote it, and import that into a new folder"
            )
        _write_ahead(connection)
        with writing(connection):
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {_LAYOUT}")


@contextmanager
def connected(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection of one's own, closed at the end: so a store may go to any process or thread.

    Raises:
        DataError: for whatever SQLite has to say.
    """
    file = folder / FILE
    try:
        with closing(sqlite3.connect(file, timeout=PATIENCE_S, isolation_level=None)) as connection:
            yield connection
    except sqlite3.OperationalError as error:
        raise DataError(
            f"{file}: {error} (waited up to {PATIENCE_S:.0f} s for other writers); check that the "
            "folder can be written to, is on a local disk, and that no process holds it"
        ) from None
    except sqlite3.DatabaseError as error:
        raise DataError(
            f"{file}: not a readable store of rationales ({error}); name another folder, or "
            "import an export of it into a new one"
        ) from None


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what is written inside, or none of it."""
    # The lock at the start: a reader that turns writer could not wait for another writer.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer work side by side."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            # Changing the mode does not wait as other statements do.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
