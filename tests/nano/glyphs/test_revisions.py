import io
import json
import shutil
from pathlib import Path

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.errors import DataError
from forethought.nano.glyphs import check_glyphs
from forethought.nano.glyphs.revisions import EXPECTED, TABLES, folder_revisions, table_revision

KEPT = Path(__file__).with_name("kept_splits.json")


def _png(colour, level):
    file = io.BytesIO()
    PIL.Image.new("RGB", (7, 5), colour).save(file, "PNG", compress_level=level)
    return file.getvalue()


@pytest.fixture
def revision(tmp_path):
    """Writes rows as Parquet and returns the revision of the file."""

    def write(rows, **options):
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "table.parquet", **options)
        return table_revision(tmp_path / "table.parquet")

    return write


def test_a_revision_does_not_depend_on_how_the_rows_are_encoded(revision):
    first = [{"picture": "a", "png": _png("red", 0)}, {"picture": "b", "png": _png("blue", 9)}]
    again = [{"picture": "a", "png": _png("red", 9)}, {"picture": "b", "png": _png("blue", 0)}]
    assert first != again
    assert revision(first, compression="zstd") == revision(again, row_group_size=1)


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": "b", "words": ["x"]}, {"text": "a", "words": ["x", "y"]}],
        [{"text": "a", "words": ["x", "y"]}],
        [{"text": "a", "words": ["x y"]}, {"text": "b", "words": ["x"]}],
        [{"name": "a", "words": ["x", "y"]}, {"name": "b", "words": ["x"]}],
    ],
    ids=["order", "fewer", "value", "column"],
)
def test_a_revision_depends_on_columns_values_and_order(revision, rows):
    first = [{"text": "a", "words": ["x", "y"]}, {"text": "b", "words": ["x"]}]
    assert revision(first) != revision(rows)


def test_a_revision_depends_on_the_pixels(revision):
    assert revision([{"png": _png("red", 6)}]) != revision([{"png": _png("#fe0000", 6)}])


@pytest.fixture
def folder(built, tmp_path):
    """A copy of the built data set."""
    return shutil.copytree(built.folder, tmp_path / "glyphs")


def test_the_tables_that_differ_are_named(built, folder, tmp_path):
    assert built.manifest.revisions == folder_revisions(folder, TABLES)
    expected = tmp_path / "expected.json"
    expected.write_text(built.manifest.revisions.to_json())
    check_glyphs(folder, expected)
    (folder / "queries.parquet").write_bytes((folder / "candidates.parquet").read_bytes())
    with pytest.raises(
        DataError, match=r": queries, .* differ from the committed tables; .*resvg-py"
    ):
        check_glyphs(folder, expected)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"pictures\.parquet.*forethought data"):
        check_glyphs(tmp_path)


def test_every_table_has_a_committed_revision():
    assert tuple(json.loads(EXPECTED.read_text())["tables"]) == TABLES


def test_the_splits_that_older_tables_of_scores_hold_stay_what_they_are():
    committed = json.loads(EXPECTED.read_text())["splits"]
    older = json.loads(KEPT.read_text())
    assert len(older) == 18
    assert {key: committed.get(key) for key in older} == older


def _benchmark(folder, queries, candidates):
    folder.mkdir()
    for table, rows in (("queries", queries), ("candidates", candidates)):
        found = [{"task": task, "split": split, "text": text} for task, split, text in rows]
        pq.write_table(pa.Table.from_pylist(found), folder / f"{table}.parquet")
    return folder_revisions(folder, ()).splits


def test_a_split_has_a_hash_of_its_own(tmp_path):
    queries = [("name", "new", "a"), ("flag", "new", "b"), ("name", "new", "c")]
    pool = [("flag", "new", "x"), ("name", "new", "y")]
    first = _benchmark(tmp_path / "first", queries, pool)
    assert list(first) == ["flag/new", "name/new"]
    moved = _benchmark(tmp_path / "moved", sorted(queries), [*pool[::-1], ("sum", "new", "z")])
    assert {key: moved[key] for key in first} == first
    assert set(moved) - set(first) == {"sum/new"}
    changed = _benchmark(
        tmp_path / "changed", queries, [("flag", "new", "x"), ("name", "new", "Y")]
    )
    assert [key for key in first if first[key] != changed[key]] == ["name/new"]


def test_a_split_that_differs_is_named(built, folder, tmp_path):
    expected = tmp_path / "expected.json"
    expected.write_text(built.manifest.revisions.to_json().replace('"icon/', '"icons/'))
    with pytest.raises(DataError, match=r": icons/.*, icon/.* differ from the committed tables"):
        check_glyphs(folder, expected)
