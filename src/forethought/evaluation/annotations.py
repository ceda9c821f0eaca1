"""Annotation tables of a benchmark: their rows, a selection of them, their revision."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from forethought.errors import DataError

Entry = TypeVar("Entry")


def read_rows(path: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    """These columns of every row of a Parquet file.

    Raises:
        DataError: if the file is not Parquet or lacks a column.
    """
    try:
        with pq.ParquetFile(path) as file:
            known = file.schema_arrow.names
            missing = [column for column in columns if column not in known]
            if missing:
                raise DataError(
                    f"{path}: no column {missing[0]!r}, only {', '.join(known)}; copy or build "
                    "the file again"
                )
            rows: list[dict[str, Any]] = file.read(columns=list(columns)).to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(
            f"{path}: not readable as Parquet ({error}); copy or build it again"
        ) from None
    return rows


def select_tasks(known: Iterable[str], wanted: Collection[str]) -> list[str]:
    """The wanted task names in sorted order, all if none is named.

    Raises:
        DataError: if one is unknown.
    """
    names = sorted(set(known))
    unknown = sorted(set(wanted).difference(names))
    if unknown:
        raise DataError(f"unknown task {unknown[0]!r}; known: {', '.join(names)}")
    return [name for name in names if not wanted or name in wanted]


def evenly_spaced(rows: Sequence[Entry], most: int | None) -> list[Entry]:
    """At most so many rows, evenly spaced, so that each part of a sorted table keeps its share.

    Raises:
        DataError: if `most` is below 1.
    """
    if most is not None and most < 1:
        raise DataError(f"{most} queries a split cannot be scored; name a number of at least 1")
    if most is None or len(rows) <= most:
        return list(rows)
    return [rows[index] for index in np.linspace(0, len(rows) - 1, most).astype(int)]


def files_revision(paths: Iterable[Path]) -> str:
    """Twelve hexadecimal digits over the content of files, in this order."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
