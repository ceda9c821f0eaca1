"""One process at a time writes to an index directory."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.files import file_lock
from forethought.index.store_errors import check_directory_name, describe_os_error

if TYPE_CHECKING:
    from filelock import BaseFileLock

_LOCK_FILE = "lock"
_LOCK_TIMEOUT_S = 0.5

_log = logging.getLogger(__name__)


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Lock an index directory; the operating system frees the lock if the process dies."""
    check_directory_name(directory)
    lock = file_lock(directory / _LOCK_FILE)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _acquire(lock, directory)
    except OSError as error:
        raise describe_os_error(directory, error) from None
    try:
        yield
    finally:
        lock.release()


def _acquire(lock: "BaseFileLock", directory: Path) -> None:
    try:
        lock.acquire(timeout=_LOCK_TIMEOUT_S)
    except TimeoutError:
        _log.warning("another process is writing the index %s; waiting for it", directory)
        lock.acquire()
