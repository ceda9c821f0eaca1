import json

import pytest

from forethought.data.json_rows import JsonRows
from forethought.errors import DataError
from forethought.types import ignore_progress

RECORDS = [
    {"a": 'brackets in a text: ]}[{ and "quotes" and \\'},
    {"b": [[], {"c": {}}], "d": "ünicode"},
    {},
]


@pytest.fixture
def write(tmp_path):
    def make(content, name="rows.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return JsonRows((path,))

    return make


def scanned(rows):
    return list(rows.scan(ignore_progress))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(RECORDS),
        json.dumps(RECORDS, indent=3, ensure_ascii=False),
        f"\n  {json.dumps(RECORDS)}  \n\n",
        "\ufeff" + json.dumps(RECORDS),
        "\n".join(map(json.dumps, RECORDS)),
        "\r\n\r\n".join(map(json.dumps, RECORDS)) + "\r\n",
        "\ufeff" + "\n".join(map(json.dumps, RECORDS)),
    ],
    ids=["array", "indented", "spaced", "marked", "lines", "windows", "marked lines"],
)
def test_arrays_and_lines_have_the_same_rows_in_order_and_at_random(write, text):
    rows = write(text)
    found = scanned(rows)
    assert [row.values for row in found] == RECORDS
    assert [rows.read(row.where) for row in reversed(found)] == found[::-1]


def test_rows_have_the_number_of_their_line_or_record(write):
    lines, array = write('{}\n\n{"a": 1}'), write("[{},\n\n{}]", "array.json")
    assert [lines.place(row.where).rpartition(", ")[2] for row in scanned(lines)] == [
        "line 1",
        "line 3",
    ]
    assert [array.place(row.where).rpartition(", ")[2] for row in scanned(array)] == [
        "record 1",
        "record 2",
    ]


def test_an_empty_array_and_an_empty_file_have_no_rows(write):
    assert scanned(write("[]")) == []
    assert scanned(write("")) == []


def test_a_bad_row_is_a_fault_and_the_next_is_read(write):
    found = scanned(write('[{"a": 1}, {"a" 2}, {"a": 3}]'))
    assert [row.values for row in found] == [{"a": 1}, None, {"a": 3}]
    assert "not JSON" in found[1].fault
    deep = scanned(write(f'{{"a": {"[" * 100_000}{"]" * 100_000}}}\n{{"b": 2}}'))
    assert [row.values for row in deep] == [None, {"b": 2}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}, 7, {"a": 2}]', "record 2: not an array of objects .*7"),
        ('[{"a": 1} {"a": 2}]', "record 2: not an array of objects"),
        ("[1, 2]", "record 1: not an array of objects"),
        ('[{"a": 1}, "b"]', "record 2: not an array of objects"),
        ('[{"a": 1},]', "record 2: not an array of objects"),
        ('[{"a": 1}] trailing', "record 2: not an array of objects .*trailing"),
        ('[{"a": 1}, {"a"', "the array has no end"),
        ('[{"a": 1}', "the array has no end"),
    ],
)
def test_an_array_of_anything_else_is_refused(write, text, message):
    with pytest.raises(DataError, match=message):
        scanned(write(text))


def test_an_element_that_is_an_array_is_a_fault(write):
    (row,) = scanned(write("[[1]]"))
    assert "not an object" in row.fault


def test_progress_ends_at_the_size_of_all_files(tmp_path):
    paths = []
    for name, count in (("a", 250), ("b", 3)):
        paths.append(tmp_path / name)
        paths[-1].write_text('{"a": 1}\n' * count)
    calls = []
    list(JsonRows(tuple(paths)).scan(lambda *call: calls.append(call)))
    total = 253 * 9
    assert calls == [(900, total), (1800, total), (total, total)]
