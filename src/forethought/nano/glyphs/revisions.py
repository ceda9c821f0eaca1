"""Content hashes of the built tables, and the committed ones that a build must reproduce."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq

from forethought.errors import DataError

TABLES = (
    "pictures",
    "concepts",
    "examples",
    "nouns",
    "queries",
    "candidates",
    "statements",
    "texts",
)
EXPECTED = Path(__file__).with_name("revisions.json")
"""Written by `make pins`."""


def table_revision(path: Path) -> str:
    """Hash the rows of a Parquet file: the sha256 of one line of JSON a row.

    A PNG counts by its mode, size and pixels. The hash thus depends on neither the version of
    pyarrow nor that of zlib, which decide the bytes of the file.

    Raises:
        DataError: if the file is missing or not readable as Parquet.
    """
    whole = hashlib.sha256()
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1024):
                for row in batch.to_pylist():
                    line = json.dumps({name: _plain(value) for name, value in row.items()})
                    whole.update(f"{line}\n".encode())
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); build it with `forethought data glyphs`"
        ) from None
    return whole.hexdigest()


def table_revisions(folder: Path) -> dict[str, str]:
    """Hash every table of a built folder, by name.

    Raises:
        DataError: if a table is missing or not readable as Parquet.
    """
    return {name: table_revision(folder / f"{name}.parquet") for name in TABLES}


def check_glyphs(folder: Path, expected: Path = EXPECTED) -> None:
    """Compare the tables of a built folder with the committed hashes.

    Raises:
        DataError: if a table is missing, not readable, or differs.
    """
    committed = json.loads(expected.read_text("utf-8"))
    found = table_revisions(folder)
    differing = [name for name in TABLES if found[name] != committed[name]]
    if differing:
        raise DataError(
            f"{folder}: {', '.join(differing)} differ from the committed tables; build them again "
            "with the versions of resvg-py and Pillow in constraints.txt, which decide the pictures"
        )


def _plain(value: Any) -> Any:  # noqa: ANN401 - a cell of any column
    if not isinstance(value, bytes):
        return value
    with PIL.Image.open(io.BytesIO(value)) as picture:
        return [picture.mode, picture.size, hashlib.sha256(picture.tobytes()).hexdigest()]
