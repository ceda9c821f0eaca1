from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.errors import DataError
from forethought.evaluation import read
from forethought.types import Image, Side, Text


def change(path: Path, column: str, values: list[Any]) -> None:
    table = pq.read_table(path)
    place = table.schema.get_field_index(column)
    pq.write_table(table.set_column(place, column, pa.array(values)), path)


def test_reads_every_task_with_its_pool_and_what_is_relevant(glyphs):
    style, words = read(glyphs).tasks
    assert (style.name, style.split, words.name) == ("style", "unseen", "words")
    assert [len(task.queries) for task in (style, words)] == [2, 4]
    # The pool is dot/red, dot/blue, ring/red, ring/green; see the fixture's queries.
    assert style.relevance().tolist() == [[0, 0, 0, 1], [1, 0, 1, 0]]


def test_shows_the_picture_before_the_words_under_the_rows_instruction(glyphs):
    benchmark = read(glyphs)
    message = benchmark.message(benchmark.tasks[0].queries[1], Side.QUERY)
    picture, text = message.content
    assert isinstance(picture, Image)
    assert isinstance(text, Text)
    assert picture.source == "dot/red"
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]
    assert text.words == "alike"
    assert (message.instruction, message.side) == ("do style", Side.QUERY)


def test_a_task_alone_reads_only_its_own_pictures(glyphs):
    benchmark = read(glyphs, tasks=["words"])
    assert [task.name for task in benchmark.tasks] == ["words"]
    assert sorted(benchmark.pictures) == ["dot/blue", "dot/green", "dot/red"]


def test_a_cap_takes_queries_evenly_spaced(glyphs):
    (words,) = read(glyphs, tasks=["words"], num_queries=3).tasks
    assert [query.text for query in words.queries] == ["red", "blue", "the colour of blood"]
    assert len(words.documents) == 3


def test_the_revision_changes_with_the_data_and_with_nothing_else(glyphs):
    before = read(glyphs).revision
    assert read(glyphs, tasks=["words"]).revision == before
    change(glyphs / "queries.parquet", "query_text", list("uvwxyz"))
    assert read(glyphs).revision != before


def test_refuses_absent_data_with_the_command_that_builds_it(tmp_path):
    with pytest.raises(DataError, match=r"queries\.parquet.*forethought data glyphs"):
        read(tmp_path)


def test_refuses_an_unknown_task(glyphs):
    with pytest.raises(DataError, match="unknown task 'wrods'; known: style, words"):
        read(glyphs, tasks=["words", "wrods"])


def test_refuses_no_queries(glyphs):
    with pytest.raises(DataError, match="0 queries"):
        read(glyphs, num_queries=0)


def test_refuses_a_damaged_file(glyphs):
    (glyphs / "queries.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match="not readable as Parquet"):
        read(glyphs)


def test_refuses_a_relevant_document_outside_the_pool(glyphs):
    change(glyphs / "queries.parquet", "relevant", [["d:dot/red"]] * 5 + [["d:moon"]])
    with pytest.raises(DataError, match="style, unseen: relevant to a query, 'd:moon' is not"):
        read(glyphs)


def test_refuses_a_query_without_a_relevant_document(glyphs):
    change(glyphs / "queries.parquet", "relevant", [["d:dot/red"]] * 5 + [[]])
    with pytest.raises(DataError, match="nothing is named"):
        read(glyphs)


def test_refuses_a_document_that_stands_twice(glyphs):
    change(glyphs / "candidates.parquet", "document", [f"d:{place % 6}" for place in range(7)])
    change(glyphs / "queries.parquet", "relevant", [["d:3"]] * 6)
    with pytest.raises(DataError, match=r"stands twice|is not in the pool"):
        read(glyphs)


def test_refuses_a_picture_that_is_not_there(glyphs):
    change(glyphs / "queries.parquet", "query_picture", ["", "", "", "dot/pink", "", ""])
    with pytest.raises(DataError, match="no picture 'dot/pink'"):
        read(glyphs)
