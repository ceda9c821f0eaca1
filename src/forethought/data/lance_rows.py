"""Rows of a Lance data set, taken by their ids."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forethought.data.parquet_rows import plain_row
from forethought.data.row_table import RawRow, Where, with_progress
from forethought.errors import DataError
from forethought.types import Progress

_BATCH = 256  # rows that are converted at a time
_ROW_ID = "_rowid"


@dataclass(slots=True)
class _OpenTable:
    """The table of this process, once it is open."""

    table: Any = None

    def __reduce__(self) -> tuple[type["_OpenTable"], tuple[()]]:
        return _OpenTable, ()


@dataclass(frozen=True)
class LanceRows:
    """Rows of a folder that ends in .lance, through LanceDB; a value that is null is left out."""

    path: Path
    _open: _OpenTable = field(default_factory=_OpenTable, compare=False, repr=False)

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.path,)

    def scan(self, progress: Progress) -> Iterator[RawRow]:
        """Every row in order; see `RowTable.scan`."""
        with self._reading() as table:
            total = table.count_rows()
        return with_progress(self._scan(), progress, total=total, done=lambda row: row.where.number)

    def read(self, where: Where) -> RawRow:
        with self._reading() as table:
            rows = table.take_row_ids([where.start]).to_arrow().to_pylist()
        if not rows:
            return RawRow(
                where, None, "the row was deleted since the table was opened; start again"
            )
        return RawRow(where, plain_row(rows[0]))

    def place(self, where: Where) -> str:
        return f"{self.path}, row {where.number}"

    def _scan(self) -> Iterator[RawRow]:
        count = 0
        with self._reading() as table:
            for batch in table.search().with_row_id(True).to_batches(_BATCH):  # noqa: FBT003
                for values in batch.to_pylist():
                    count += 1
                    where = Where(0, count, values.pop(_ROW_ID), 0)
                    yield RawRow(where, plain_row(values))

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        try:
            import lancedb  # noqa: PLC0415 - lancedb is an extra
        except ModuleNotFoundError:
            raise DataError(
                f"{self.path}: reading Lance needs LanceDB; pip install 'forethought[search]', or "
                "write the table as Parquet"
            ) from None
        if not self.path.is_dir():
            raise DataError(f"{self.path}: no such folder; name one that ends in .lance")
        try:
            if self._open.table is None:
                folder = lancedb.connect(self.path.absolute().parent)
                self._open.table = folder.open_table(self.path.stem)
            yield self._open.table
        except (OSError, RuntimeError, ValueError) as error:
            if isinstance(error, DataError):
                raise
            raise DataError(
                f"{self.path}: not readable as Lance ({error}); copy it again, or write it as "
                "Parquet"
            ) from None
