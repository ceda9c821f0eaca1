import io
import json

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.errors import DataError
from forethought.nano.glyphs import build_glyphs, check_glyphs
from forethought.nano.glyphs.revisions import EXPECTED, TABLES, table_revision, table_revisions


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


def test_the_tables_that_differ_are_named(cache, tmp_path):
    manifest = build_glyphs(tmp_path, cache)
    assert manifest.revisions == table_revisions(tmp_path)
    expected = tmp_path / "expected.json"
    expected.write_text(json.dumps(manifest.revisions))
    check_glyphs(tmp_path, expected)
    (tmp_path / "queries.parquet").write_bytes((tmp_path / "candidates.parquet").read_bytes())
    with pytest.raises(DataError, match=r": queries differ from the committed tables; .*resvg-py"):
        check_glyphs(tmp_path, expected)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"pictures\.parquet.*forethought data glyphs"):
        check_glyphs(tmp_path)


def test_every_table_has_a_committed_revision():
    assert tuple(json.loads(EXPECTED.read_text())) == TABLES
