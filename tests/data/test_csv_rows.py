import pytest

from forethought.data.csv_rows import CsvRows
from forethought.errors import DataError
from forethought.types import ignore_progress

TEXT = 'anchor,positive,note\r\n"a, ""b""",c,\r\n"two\nlines\r\n, here",ü,n\r\nd,e,f\r\n'
ROWS = [
    {"anchor": 'a, "b"', "positive": "c"},
    {"anchor": "two\nlines\r\n, here", "positive": "ü", "note": "n"},
    {"anchor": "d", "positive": "e", "note": "f"},
]


@pytest.fixture
def write(tmp_path):
    def make(text, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return CsvRows((path,))

    return make


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_records_of_several_lines_are_read_in_order_and_at_random(write, mark):
    rows = write(mark + TEXT)
    found = list(rows.scan(ignore_progress))
    assert [row.values for row in found] == ROWS
    assert [rows.read(row.where) for row in reversed(found)] == found[::-1]
    assert rows.place(found[1].where).endswith("a.csv, row 2")


def test_a_tsv_file_is_separated_by_tabs(write):
    (row,) = write("anchor\tpositive\na, b\tc\n", "a.tsv").scan(ignore_progress)
    assert row.values == {"anchor": "a, b", "positive": "c"}


def test_a_row_of_another_length_is_a_fault(write):
    found = list(write("a,b\n1,2\n3\n4,5\n").scan(ignore_progress))
    assert [row.values for row in found] == [{"a": "1", "b": "2"}, None, {"a": "4", "b": "5"}]
    assert "1 values for 2 columns" in found[1].fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,a\n1,2\n", "the names of the columns, each once"),
        ("a,\n1,2\n", "the names of the columns"),
        (b"a,b\n\xff\xfe,2\n", "not CSV in UTF-8"),
        ('a,b\n"1,2\n', "not CSV in UTF-8"),
    ],
)
def test_what_is_no_table_is_refused(write, text, message):
    with pytest.raises(DataError, match=message):
        list(write(text).scan(ignore_progress))


def test_an_empty_file_has_no_rows(write):
    assert list(write("").scan(ignore_progress)) == []
