import json

import pytest
from typer.testing import CliRunner

from forethought.cli.data import app
from forethought.errors import ConfigError, DataError, ModelError
from tests.published_data import WRITERS

GOOD = {"query": {"content": [{"text": "a cat"}]}, "positives": [{"content": [{"text": "tom"}]}]}


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def write(tmp_path):
    """Writes lines; gives the file."""

    def make(*lines):
        path = tmp_path / "train.jsonl"
        path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
        return path

    return make


def test_a_good_file_is_described(write):
    ran = run(write(GOOD))
    assert ran.exit_code == 0
    assert "1 example (default 1)" in ran.stdout
    header = ["words", "count", "median", "99", "%", "most", "from", "0", "to", "most"]
    assert ran.stdout.split("\n")[2].split() == header
    assert ran.stdout.split("\n")[3].split()[:5] == ["query", "1", "2", "2", "2"]


def test_a_bad_file_lists_the_first_lines_of_a_kind_and_counts_the_others(write):
    path = write(*[{"query": 1}] * 7)
    with pytest.raises(DataError, match="7 rows of no use to training"):
        run(path)


def test_what_costs_quality_alone_is_listed(write):
    ran = run(write(*[GOOD] * 8))
    assert ran.exit_code == 0
    assert "repeated example: 7 rows in 1 group" in ran.stdout
    assert "  line 2: the same as line 1" in ran.stdout
    assert "  ... and 2 more" in ran.stdout


def test_an_empty_file_is_refused(write):
    with pytest.raises(DataError, match="it holds no example"):
        run(write())


def test_json_has_every_finding(write):
    report = json.loads(run(write(*[GOOD] * 8), "--json").stdout)
    assert (report["format"], report["examples"], report["valid"]) == ("json_lines", 8, True)
    assert [one["line"] for one in report["findings"]] == [2, 3, 4, 5, 6, 7, 8]
    assert report["findings"][0] == {
        "line": 2,
        "place": "line 2",
        "kind": "repeated example",
        "message": "the same as line 1; leave one of them out",
        "first": "line 1",
    }
    lengths = report["lengths"]["query"]
    histogram = lengths.pop("histogram")
    assert lengths == {"count": 8, "median": 2.0, "p99": 2.0, "most": 2}
    assert histogram["counts"] == [0] * 23 + [8]
    assert (histogram["edges"][0], histogram["edges"][-1]) == (0.0, 2.0)


def test_lengths_are_tokens_of_a_model(write):
    ran = run(write(GOOD), "--model", "nano")
    assert ran.stdout.split("\n")[2].startswith("tokens")


def test_a_model_without_a_tokenizer_is_named(write, tmp_path):
    with pytest.raises(ModelError, match=r"--model .*: no tokenizer\.json"):
        run(write(GOOD), "--model", tmp_path)


def test_every_format_is_recognised_or_named(tmp_path):
    for name, write_rows in WRITERS.items():
        table = write_rows(tmp_path / name)
        media = ["--media", table["media"]] if "media" in table else []
        for named in ([], ["--format", name]):
            ran = run(table["path"], *media, *named, "--open")
            assert f"({name}): 20 examples" in ran.stdout


def test_an_unknown_format_is_refused(write):
    with pytest.raises(ConfigError, match="unknown format 'jsonlines'; did you mean 'json_lines'"):
        run(write(GOOD), "--format", "jsonlines")
