import json

import pytest

from forethought.data import ExampleLines
from forethought.errors import DataError

LINE = {"query": {"content": [{"text": "a"}]}, "positives": [{"content": [{"text": "b"}]}]}


def test_lines_are_read_by_index_whatever_lies_between_them(tmp_path):
    path = tmp_path / "x.jsonl"
    other = {**LINE, "task": "ü"}
    path.write_text(f"\n{json.dumps(LINE)}\n\n{json.dumps(other)}", encoding="utf-8")
    lines = ExampleLines(path)
    assert [line.task for line in lines] == ["default", "ü"]
    assert len(lines) == 2
    assert json.loads(lines.text(1)) == other
    assert lines.place(1) == f"{path}, line 4"


def test_a_faulty_line_is_named_when_it_is_read(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(f"{json.dumps(LINE)}\n{{}}\n", encoding="utf-8")
    lines = ExampleLines(path)
    assert lines[0].task == "default"
    with pytest.raises(DataError, match=r"x\.jsonl, line 2: missing 'query'"):
        lines[1]


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read \(No such file"):
        len(ExampleLines(tmp_path / "none"))
