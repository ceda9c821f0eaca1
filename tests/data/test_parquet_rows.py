import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.data import parquet_rows
from forethought.data.parquet_rows import ParquetRows
from forethought.errors import DataError
from forethought.types import ignore_progress


@pytest.fixture
def rows(tmp_path):
    """Two files of 10 and 4 rows, in groups of 3."""
    paths = []
    for name, first, count in (("a", 0, 10), ("b", 10, 4)):
        table = [{"n": n, "list": [{"x": None, "y": n}, None]} for n in range(first, first + count)]
        paths.append(tmp_path / f"{name}.parquet")
        pq.write_table(pa.Table.from_pylist(table), paths[-1], row_group_size=3)
    return ParquetRows(tuple(paths))


def test_rows_are_found_again_in_their_groups(rows):
    found = list(rows.scan(ignore_progress))
    assert [row.values for row in found] == [{"n": n, "list": [{"y": n}]} for n in range(14)]
    assert [rows.read(row.where) for row in reversed(found)] == found[::-1]
    places = [rows.place(found[index].where).rpartition("/")[2] for index in (9, 10)]
    assert places == ["a.parquet, row 10", "b.parquet, row 1"]


def test_groups_are_cached_up_to_a_size(rows, monkeypatch):
    found = list(rows.scan(ignore_progress))
    for row in found:
        rows.read(row.where)
    assert len(rows._cache.groups) == 4 + 2  # noqa: SLF001 - what stays in memory
    monkeypatch.setattr(parquet_rows, "_CACHED_BYTES", 1)
    rows.read(found[0].where)
    again = ParquetRows(rows.files)
    for row in found:
        again.read(row.where)
    assert len(again._cache.groups) == 1  # noqa: SLF001 - what stays in memory
    assert not pickle.loads(pickle.dumps(rows))._cache.groups  # noqa: S301, SLF001


def test_pictures_of_the_datasets_library_are_bytes_or_paths(tmp_path):
    path = tmp_path / "a.parquet"
    images = [{"bytes": b"png", "path": "a.png"}, {"bytes": None, "path": "b.png"}]
    pq.write_table(pa.Table.from_pylist([{"image": image} for image in images]), path)
    found = [row.values for row in ParquetRows((path,)).scan(ignore_progress)]
    assert found == [{"image": b"png"}, {"image": "b.png"}]


def test_what_is_no_parquet_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no table")
    with pytest.raises(DataError, match=r"a\.parquet: not readable as Parquet"):
        list(ParquetRows((path,)).scan(ignore_progress))


def test_progress_counts_rows(rows):
    calls = []
    list(rows.scan(lambda *call: calls.append(call)))
    assert calls == [(14, 14)]
