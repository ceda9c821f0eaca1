import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forethought.errors import DataError
from forethought.rationales import RationaleStore
from forethought.rationales.database import FILE, connect, transaction
from forethought.rationales.sqlite_errors import describe_os_error, describe_sqlite_error
from tests.rationales.rows import row

ROOT = Path(__file__).parents[2]
INSERT = "INSERT INTO rationales VALUES (?, ?, '', '', '', '', '', '', '', '')"


@pytest.fixture
def store(tmp_path):
    return RationaleStore(tmp_path)


def fill(folder, setting):
    """Write 100 rows of 100 kB under a setting of SQLite that makes it fail as a disk does."""
    with connect(folder) as connection:
        connection.execute(setting)
        with transaction(connection):
            connection.executemany(INSERT, [(f"{n}", "x" * 100_000) for n in range(100)])


def test_a_full_disk_is_named_with_the_way_out_and_leaves_the_store_as_it_was(store):
    store.add([row(1)])
    with pytest.raises(
        DataError,
        match=rf"{FILE}: cannot be read or written \(database or disk is full\); free some space, "
        "or name another folder",
    ):
        fill(store.folder, "PRAGMA max_page_count = 50")
    assert len(store) == 1


def test_a_store_that_may_not_be_written_is_named_with_the_way_out(store):
    with pytest.raises(DataError, match=r"\(attempt to write a readonly .*; change its permission"):
        fill(store.folder, "PRAGMA query_only = 1")


LIMITED = """
import resource, sys
from pathlib import Path
from forethought.errors import DataError
from forethought.rationales import RationaleStore
from tests.rationales.rows import row

store = RationaleStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    store.add([row(n, sources=("x" * 10_000,)) for n in range(100)])
except DataError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on the size of files")
def test_a_failed_write_is_named_with_the_way_out(store):
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(store.folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert ran.stdout.startswith(f"{store.folder / FILE}: cannot be read or written (disk I/O erro")
    assert "check the disk and raise the limit on the size of files" in ran.stdout
    assert len(store) == 0


def test_a_file_that_cannot_be_opened_is_refused_at_once(tmp_path):
    (tmp_path / FILE).mkdir()
    before = time.monotonic()
    with pytest.raises(DataError, match=r"\(unable to open .*change its permissions, and those of"):
        RationaleStore(tmp_path)
    assert time.monotonic() - before < 20


def test_a_store_whose_journal_cannot_be_made_is_refused_at_once(tmp_path):
    (tmp_path / FILE).touch()
    (tmp_path / f"{FILE}-journal").mkdir()
    before = time.monotonic()
    with pytest.raises(DataError, match=r"cannot be read or written .*name another folder"):
        RationaleStore(tmp_path)
    assert time.monotonic() - before < 20


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (sqlite3.SQLITE_BUSY, "f: other processes held it for over 30 s (words); wait for them, "),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "f: other processes held it for over 30 s (words); wait"),
        (sqlite3.SQLITE_NOTADB, "f: not a readable store of rationales (words); name another fol"),
        (sqlite3.SQLITE_IOERR_WRITE, "f: cannot be read or written (words); check the disk and ra"),
        (sqlite3.SQLITE_NOMEM, "f: cannot be read or written (words); close other programs, or na"),
        (sqlite3.SQLITE_ERROR, "f: cannot be read or written (words); name another folder"),
        (None, "f: cannot be read or written (words); name another folder"),
    ],
)
def test_every_kind_of_error_has_its_way_out(code, message):
    error = sqlite3.OperationalError("words")
    if code is not None:
        error.sqlite_errorcode = code
    assert str(describe_sqlite_error(Path("f"), error)).startswith(message)


def test_a_folder_that_cannot_be_made_has_its_way_out():
    error = describe_os_error(Path("store"), OSError(28, "No space left on device"))
    assert str(error) == (
        "store: cannot be used as a folder (No space left on device); free some space, or name "
        "another folder"
    )
