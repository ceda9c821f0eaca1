"""Content hashes of the built tables, and the committed ones that a build must reproduce."""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
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

_BENCHMARK = ("queries", "candidates")


@dataclass(frozen=True, slots=True)
class Revisions:
    """Content hashes of a built folder.

    Args:
        tables: by table.
        splits: of the queries and candidates of one task and split, by "task/split". Scores on
            a split of the same hash compare, whatever else of the data has changed.
    """

    tables: dict[str, str]
    splits: dict[str, str]

    def to_json(self) -> str:
        """The text of a file of committed hashes."""
        return json.dumps(asdict(self), indent=2) + "\n"


def table_revision(path: Path) -> str:
    """Hash the rows of a Parquet file: the sha256 of one line of JSON a row.

    A PNG counts by its mode, size and pixels. The hash thus depends on neither the version of
    pyarrow nor that of zlib, which decide the bytes of the file.

    Raises:
        DataError: if the file is missing or not readable as Parquet.
    """
    whole = hashlib.sha256()
    for row in _rows(path):
        whole.update(_line(row))
    return whole.hexdigest()


def folder_revisions(folder: Path, tables: Sequence[str]) -> Revisions:
    """Hash the tables of a built folder, and each task and split of its benchmark.

    Raises:
        DataError: if a table is missing or not readable as Parquet.
    """
    found = {name: table_revision(folder / f"{name}.parquet") for name in tables}
    return Revisions(found, _split_revisions(folder))


def check_glyphs(folder: Path, expected: Path = EXPECTED) -> None:
    """Compare the tables of a built folder with the committed hashes.

    Raises:
        DataError: if a table is missing, not readable, or differs.
    """
    check_folder(
        folder,
        expected,
        "build them again with the versions of resvg-py and Pillow in constraints.txt, which "
        "decide the pictures",
    )


def check_folder(folder: Path, expected: Path, way_out: str) -> None:
    """Compare the tables of a built folder with the hashes in the file `expected`.

    Args:
        way_out: what to do about tables that differ, for the error.

    Raises:
        DataError: if a table is missing, not readable, or differs.
    """
    committed = Revisions(**json.loads(expected.read_text("utf-8")))
    found = folder_revisions(folder, tuple(committed.tables))
    differing = [
        *_differing(found.tables, committed.tables),
        *_differing(found.splits, committed.splits),
    ]
    if differing:
        raise DataError(
            f"{folder}: {', '.join(differing)} differ from the committed tables; {way_out}"
        )


def _differing(found: Mapping[str, str], committed: Mapping[str, str]) -> list[str]:
    names = dict.fromkeys([*committed, *found])
    return [name for name in names if found.get(name) != committed.get(name)]


def _split_revisions(folder: Path) -> dict[str, str]:
    hashes: dict[str, Any] = {}
    for table in _BENCHMARK:
        for row in _rows(folder / f"{table}.parquet"):
            key = f"{row['task']}/{row['split']}"
            hashes.setdefault(key, hashlib.sha256()).update(_line(row))
    return {key: hashes[key].hexdigest() for key in sorted(hashes)}


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(1024):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(
            f"{path}: cannot be read ({error}); build it with `forethought data`"
        ) from None


def _line(row: Mapping[str, Any]) -> bytes:
    text = json.dumps({name: _plain(value) for name, value in row.items()})
    return f"{text}\n".encode()


def _plain(value: Any) -> Any:  # noqa: ANN401 - a cell of any column
    if not isinstance(value, bytes):
        return value
    with PIL.Image.open(io.BytesIO(value)) as picture:
        return [picture.mode, picture.size, hashlib.sha256(picture.tobytes()).hexdigest()]
