"""Rows of Parquet files, read by row group."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forethought.data.row_table import RawRow, Where, with_progress
from forethought.errors import DataError
from forethought.types import Progress

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH = 256  # rows that are converted at a time
_CACHED_BYTES = 2**28
_IMAGE_FEATURE = {"bytes", "path"}
"""How `datasets` stores a picture: its bytes, its path, or both."""


@dataclass(slots=True)
class _GroupCache:
    """The row groups read last, of at most `_CACHED_BYTES` together, but at least one."""

    groups: "OrderedDict[tuple[int, int], pa.Table]" = field(default_factory=OrderedDict)

    def __reduce__(self) -> tuple[type["_GroupCache"], tuple[()]]:
        return _GroupCache, ()  # another process reads its row groups itself

    def get(self, key: tuple[int, int]) -> "pa.Table | None":
        if key in self.groups:
            self.groups.move_to_end(key)
        return self.groups.get(key)

    def add(self, key: tuple[int, int], table: "pa.Table") -> None:
        self.groups[key] = table
        while (
            len(self.groups) > 1
            and sum(each.nbytes for each in self.groups.values()) > _CACHED_BYTES
        ):
            self.groups.popitem(last=False)


@dataclass(frozen=True)
class ParquetRows:
    """Rows of tables whose columns may be nested; a value that is null is left out.

    One row is read with its row group, and the groups read last are cached: a table that is drawn
    from at random has small ones.
    """

    files: tuple[Path, ...]
    _cache: _GroupCache = field(default_factory=_GroupCache, compare=False, repr=False)

    def scan(self, progress: Progress) -> Iterator[RawRow]:
        """Every row in order; see `RowTable.scan`."""
        counts = [0]
        for path in self.files:
            with _opened(path) as file:
                counts.append(counts[-1] + file.metadata.num_rows)

        def done(row: RawRow) -> int:
            return counts[row.where.file] + row.where.number

        return with_progress(self._scan(), progress, total=counts[-1], done=done)

    def read(self, where: Where) -> RawRow:
        key = (where.file, where.start)
        table = self._cache.get(key)
        if table is None:
            with _opened(self.files[where.file]) as file:
                table = file.read_row_group(where.start)
            self._cache.add(key, table)
        return RawRow(where, plain_row(table.slice(where.size, 1).to_pylist()[0]))

    def place(self, where: Where) -> str:
        return f"{self.files[where.file]}, row {where.number}"

    def _scan(self) -> Iterator[RawRow]:
        for number, path in enumerate(self.files):
            count = 0
            with _opened(path) as file:
                for group in range(file.num_row_groups):
                    first = count
                    for batch in file.iter_batches(_BATCH, row_groups=[group]):
                        for values in batch.to_pylist():
                            where = Where(number, count + 1, group, count - first)
                            count += 1
                            yield RawRow(where, plain_row(values))


def plain_row(values: Mapping[str, Any]) -> dict[str, object]:
    """A row of Arrow values without its nulls; a picture of `datasets` is its bytes or its path."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> object:  # noqa: ANN401 - whatever Arrow holds
    if isinstance(value, dict):
        if value.keys() == _IMAGE_FEATURE:
            return value["bytes"] or value["path"] or ""
        return plain_row(value)
    if isinstance(value, list):
        return [_plain(each) for each in value if each is not None]
    return value


@contextmanager
def _opened(path: Path) -> "Iterator[pq.ParquetFile]":
    try:
        import pyarrow as pa  # noqa: PLC0415 - pyarrow is an extra
        import pyarrow.parquet as pq  # noqa: PLC0415 - pyarrow is an extra
    except ModuleNotFoundError:
        raise DataError(
            f"{path}: reading Parquet needs pyarrow; pip install 'forethought[train]'"
        ) from None
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"{path}: not readable as Parquet ({error}); name a Parquet file, or copy it again"
        ) from None
