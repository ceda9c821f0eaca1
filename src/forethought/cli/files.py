"""Results appear whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forethought.errors import ConfigError


def check_target(path: Path | None) -> None:
    """Refuse a place that cannot be written to, before the work and not after it.

    Raises:
        ConfigError: if the path is a folder, or its own folder is missing or closed.
    """
    if path is None:
        return
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; name a file in it")
    above = path.absolute().parent
    if not above.is_dir():
        raise ConfigError(f"{path}: there is no folder {above}; make it first")
    if not os.access(above, os.W_OK):
        raise ConfigError(f"{path}: the folder {above} cannot be written to; name another one")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A name to write to, renamed to `path` at the end and removed after an error."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield scratch
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
