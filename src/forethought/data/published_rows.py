"""Which container a file of a published schema is, by its suffix."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from forethought.data.csv_rows import CsvRows
from forethought.data.json_rows import JsonRows
from forethought.data.parquet_rows import ParquetRows
from forethought.data.row_table import RowTable
from forethought.errors import DataError

_TABLES: Mapping[str, Callable[[tuple[Path, ...]], RowTable]] = MappingProxyType(
    {
        ".csv": CsvRows,
        ".json": JsonRows,
        ".jsonl": JsonRows,
        ".parquet": ParquetRows,
        ".tsv": CsvRows,
    }
)
TABLE_SUFFIXES = frozenset(_TABLES)
"""The suffixes of tables in files of their own."""


def open_rows(files: tuple[Path, ...]) -> RowTable:
    """The rows of files of one kind.

    Raises:
        DataError: if their suffixes are unknown, or of more than one kind, or there are none.
    """
    kinds = {_TABLES.get(file.suffix.lower()) for file in files}
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is None:
        if not files[0].exists():
            raise DataError(f"{files[0]}: no such file or folder; check the path")
        raise DataError(
            f"{files[0]}: a table ends in {', '.join(sorted(_TABLES))}, and all files of one source "
            "in the same; rename or convert it"
        )
    return kind(files)
