"""Examples from Parquet and Lance tables; see `ExampleLine` for their columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forethought.data.data_files import find_files
from forethought.data.example_line import ExampleLine, build_line
from forethought.data.lance_rows import LanceRows
from forethought.data.parquet_rows import ParquetRows
from forethought.data.row_source import FolderSource


@dataclass(frozen=True)
class Parquet(FolderSource):
    """One example a row, in nested columns of the same names as in a JSON line.

    A medium is a path or its bytes. Rows are drawn at random, and each is read with its row group:
    write a few hundred rows, or some megabytes, a group.
    """

    @cached_property
    def rows(self) -> ParquetRows:
        """The rows."""
        return ParquetRows(find_files(self.path, frozenset({".parquet"})))

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Build the example of a row; see `RowSource.parse`."""
        del file
        return build_line(values)


@dataclass(frozen=True)
class Lance(FolderSource):
    """One row of a .lance folder an example, in the same columns; rows are read one by one."""

    @cached_property
    def rows(self) -> LanceRows:
        """The rows."""
        return LanceRows(self.path)

    def parse(self, values: Mapping[str, object], file: Path) -> ExampleLine:
        """Build the example of a row; see `RowSource.parse`."""
        del file
        return build_line(values)
