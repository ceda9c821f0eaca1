import json
from pathlib import Path

import pytest

from forethought.data import recognise_format
from forethought.errors import DataError
from tests.published_data import WRITERS, sentence_transformers


@pytest.mark.parametrize("name", sorted(WRITERS))
def test_every_source_is_recognised(name, tmp_path):
    table = WRITERS[name](tmp_path)
    assert recognise_format(Path(table["path"])) == name


@pytest.mark.parametrize("suffix", [".tsv", ".jsonl", ".parquet"])
def test_columns_count_whatever_the_file_is(suffix, tmp_path):
    table = sentence_transformers(tmp_path, suffix)
    assert recognise_format(Path(table["path"])) == "sentence_transformers"


@pytest.mark.parametrize("line", ["", "{", '{"quary": 1}'])
def test_lines_of_an_unknown_form_are_read_as_examples(line, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(line)
    assert recognise_format(path) == "json_lines"


def test_a_first_row_may_lack_a_value(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"anchor": "a"}, {"anchor": "a", "positive": "b"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    assert recognise_format(path) == "sentence_transformers"


def test_what_is_not_certain_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("left,right\n1,2\n")
    with pytest.raises(DataError, match="columns left, right are of no known format"):
        recognise_format(tmp_path / "a.csv")
    (tmp_path / "a.txt").touch()
    with pytest.raises(DataError, match=r"no known format ends in '\.txt'; known: \.csv, "):
        recognise_format(tmp_path / "a.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="a folder without data"):
        recognise_format(tmp_path / "empty")
    with pytest.raises(DataError, match=r"gone\.jsonl: cannot be read"):
        recognise_format(tmp_path / "gone.jsonl")
