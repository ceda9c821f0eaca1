import json

import pyarrow.parquet as pq
import pytest

from forethought.errors import DataError
from forethought.nano import GlyphExamples, read_lab
from forethought.nano.lab import build_lab, check_lab
from forethought.nano.lab.build_lab import EXPECTED, TABLES
from forethought.nano.lab.lab_questions import SPLITS
from forethought.nano.vocabulary import learn_tokenizer
from forethought.types import Side


@pytest.fixture(scope="module")
def folder(cache, tmp_path_factory):
    """The data of the seven countries."""
    out = tmp_path_factory.mktemp("lab")
    build_lab(out, cache)
    return out


def _rows(folder, table):
    return pq.read_table(folder / f"{table}.parquet").to_pylist()


def test_the_same_package_gives_the_same_bytes(folder, cache, tmp_path):
    build_lab(tmp_path, cache)
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert written == {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert sorted(written) == [
        "candidates.parquet",
        "examples.parquet",
        "manifest.json",
        "queries.parquet",
        "statements.parquet",
    ]


def test_the_manifest_counts_the_rows(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["package"].startswith("world-countries")
    for table in ("examples", "queries", "candidates"):
        counts = [n for name, n in manifest["counts"].items() if name.startswith(f"{table}/")]
        assert sum(counts) == len(_rows(folder, table))


def test_a_held_out_fact_is_a_statement_and_its_question_no_example(folder):
    statements = {row["text"] for row in _rows(folder, "statements")}
    assert "Dublin is the capital of Ireland." in statements
    queries = {row["query_text"] for row in _rows(folder, "examples") if row["task"] != "name"}
    assert "capital of Bolivia" in queries
    assert not any("Ireland" in text or "Dublin" in text for text in queries)


def test_a_statement_says_where_its_end_begins(folder):
    ends = {row["text"]: row["text"][row["start"] :] for row in _rows(folder, "statements")}
    assert ends["Dublin is the capital of Ireland."] == "Ireland."
    (counted,) = (text for text in ends if text.startswith("One hour after one is two, "))
    assert ends[counted].startswith("two, two three, three four, ")


def test_the_benchmark_is_read_without_pictures(folder):
    benchmark = read_lab(folder)
    assert benchmark.title == "lab"
    assert not benchmark.pictures
    assert {task.name for task in benchmark.tasks} == {"lookup", "one_step", "two_steps", "sum"}
    task = next(one for one in benchmark.tasks if one.split == "held_composition")
    message = benchmark.message(task.queries[0], Side.QUERY)
    assert [type(one).__name__ for one in message.content] == ["Text"]


def test_the_pairs_are_read_without_pictures(folder):
    examples = GlyphExamples(folder)
    assert len(examples) == sum(1 for row in _rows(folder, "examples") if row["split"] == "train")
    assert [type(one).__name__ for one in examples[0].query.content] == ["Text"]
    assert len(GlyphExamples(folder, split="dev")) > 10


def test_a_tokenizer_is_learned_from_it(folder):
    tokenizer = learn_tokenizer(GlyphExamples(folder), size=700)
    assert tokenizer.token_to_id("Ġcountry") is not None


def test_data_that_are_not_built_are_named(tmp_path):
    with pytest.raises(DataError, match=r"examples\.parquet: no such file; .*forethought data lab"):
        len(GlyphExamples(tmp_path))


def test_the_tables_that_differ_are_named(cache, tmp_path):
    expected = tmp_path / "expected.json"
    expected.write_text(build_lab(tmp_path, cache).revisions.to_json())
    check_lab(tmp_path, expected)
    (tmp_path / "statements.parquet").write_bytes((tmp_path / "queries.parquet").read_bytes())
    with pytest.raises(DataError, match=r": statements differ from .*forethought data lab"):
        check_lab(tmp_path, expected)


def test_every_table_and_split_has_a_committed_revision():
    committed = json.loads(EXPECTED.read_text())
    assert tuple(committed["tables"]) == TABLES
    splits = {f"{task}/{split}" for task, found in SPLITS.items() for split in found}
    assert set(committed["splits"]) == splits
