import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.data import JsonLines, Lance, Parquet
from forethought.errors import DataError
from tests.published_data import example, images, json_lines, lance, parquet, words


@pytest.mark.parametrize(("writer", "source_class"), [(parquet, Parquet), (lance, Lance)])
def test_a_table_holds_what_json_lines_hold(writer, source_class, tmp_path):
    (tmp_path / "lines").mkdir()
    table = source_class(tmp_path / writer(tmp_path)["path"])
    lines = JsonLines(tmp_path / json_lines(tmp_path / "lines")["path"])
    assert list(table.iter_keys()) == list(lines.iter_keys())
    for one, other in zip(table, lines, strict=True):
        assert (one.rationale, one.labels) == (other.rationale, other.labels)
        assert [d.label for d in one.negatives] == [d.label for d in other.negatives]
        for message, expected in (
            (one.query, other.query),
            (one.positives[0].message, other.positives[0].message),
        ):
            assert message.instruction == expected.instruction
            assert words(message) == words(expected)
            pixels, same = (
                [each.pixels.tobytes() for each in images(m)] for m in (message, expected)
            )
            assert pixels == same
            assert len(words(message)) + len(pixels) == 1


def test_an_unknown_column_is_named_with_its_row(tmp_path):
    path = tmp_path / "a.parquet"
    rows = [{**example(index, b"png"), "quary": None if index < 1 else 3} for index in range(3)]
    pq.write_table(pa.Table.from_pylist(rows), path)
    with pytest.raises(DataError, match=r"a\.parquet, row 2: unknown key 'quary'; did you mean"):
        len(Parquet(path))


def test_deleted_rows_of_a_lance_table_are_not_read(tmp_path):
    import lancedb

    lance(tmp_path)
    lancedb.connect(tmp_path).open_table("examples").delete("task = 'naming'")
    source = Lance(tmp_path / "examples.lance")
    assert len(source) == 10
    assert [source[index].positives[0].label for index in (0, 1, 9)] == [
        "square 0",
        "square 2",
        "square 18",
    ]


@pytest.mark.parametrize(
    ("package", "source", "message"),
    [
        ("lancedb", Lance, r"reading Lance needs LanceDB; .*\[search\]"),
        ("pyarrow", Parquet, r"reading Parquet needs pyarrow; .*\[train\]"),
    ],
)
def test_without_its_package_a_table_says_how_to_get_it(
    package, source, message, tmp_path, monkeypatch
):
    path = tmp_path / f"a.{source.__name__.lower()}"
    path.mkdir()
    (path / "a.parquet").touch()
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DataError, match=message):
        len(source(path))


def test_a_folder_that_is_no_lance_table_is_refused(tmp_path):
    (tmp_path / "a.lance").mkdir()
    with pytest.raises(DataError, match=r"a\.lance: not readable as Lance"):
        len(Lance(tmp_path / "a.lance"))
