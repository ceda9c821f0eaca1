import io
from pathlib import Path
from typing import Any

import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.errors import DataError
from forethought.evaluation import Benchmark
from forethought.nano import read_glyphs
from forethought.types import Image, Side, Text

COLOURS = {
    "dot/red": (255, 0, 0),
    "dot/green": (0, 255, 0),
    "dot/blue": (0, 0, 255),
    "ring/red": (204, 51, 51),
    "ring/green": (51, 204, 51),
}


@pytest.fixture
def glyphs(tmp_path: Path) -> Path:
    """Two tasks: find the dot of a word among three; find the ring of a dot's colour."""
    folder = tmp_path / "glyphs"
    folder.mkdir()
    _write(folder / "pictures.parquet", _PICTURES)
    _write(folder / "queries.parquet", _QUERIES)
    _write(folder / "candidates.parquet", _CANDIDATES)
    return folder


def _png(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 6), colour).save(file, format="PNG")
    return file.getvalue()


def _query(key: tuple[str, str], *, text: str, picture: str, relevant: list[str]) -> dict[str, Any]:
    query = {"query_instruction": f"do {key[0]}", "query_text": text, "query_picture": picture}
    return {"task": key[0], "split": key[1]} | query | {"relevant": relevant}


def _candidate(key: tuple[str, str], picture: str) -> dict[str, Any]:
    document = {"document_instruction": "see", "document_text": "", "document_picture": picture}
    return {"task": key[0], "split": key[1], "document": f"d:{picture}"} | document


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


_WORDS, _STYLE = ("words", "unseen"), ("style", "unseen")
_PICTURES = [
    {"picture": name, "png": _png(colour), "style": name.split("/", maxsplit=1)[0]}
    for name, colour in COLOURS.items()
]
_QUERIES = [
    _query(_WORDS, text="red", picture="", relevant=["d:dot/red"]),
    _query(_WORDS, text="blue", picture="", relevant=["d:dot/blue"]),
    _query(_WORDS, text="the colour of grass", picture="", relevant=["d:dot/green"]),
    _query(_WORDS, text="the colour of blood", picture="", relevant=["d:dot/red"]),
    _query(_STYLE, text="", picture="dot/green", relevant=["d:ring/green"]),
    _query(_STYLE, text="alike", picture="dot/red", relevant=["d:ring/red", "d:dot/red"]),
]
_CANDIDATES = [
    *(_candidate(_WORDS, name) for name in ("dot/red", "dot/green", "dot/blue")),
    *(_candidate(_STYLE, name) for name in ("dot/red", "dot/blue", "ring/red", "ring/green")),
]


def change(path: Path, column: str, values: list[Any]) -> None:
    table = pq.read_table(path)
    index = table.schema.get_field_index(column)
    pq.write_table(table.set_column(index, column, pa.array(values)), path)


def test_reads_every_task_with_its_pool_and_its_relevant_documents(glyphs):
    benchmark = read_glyphs(glyphs)
    assert isinstance(benchmark, Benchmark)
    style, words = benchmark.tasks
    assert (style.name, style.split, words.name) == ("style", "unseen", "words")
    assert [len(task.queries) for task in (style, words)] == [2, 4]
    # The pool is dot/red, dot/blue, ring/red, ring/green; see the fixture's queries.
    assert style.grades().tolist() == [[0, 0, 0, 1], [1, 0, 1, 0]]
    assert style.candidates is None


def test_a_message_holds_the_picture_before_the_text_under_the_rows_instruction(glyphs):
    benchmark = read_glyphs(glyphs)
    message = benchmark.message(benchmark.tasks[0].queries[1], Side.QUERY)
    picture, text = message.content
    assert isinstance(picture, Image)
    assert isinstance(text, Text)
    assert picture.source == "dot/red"
    assert picture.pixels[0, 0].tolist() == [255, 0, 0]
    assert text.words == "alike"
    assert (message.instruction, message.side) == ("do style", Side.QUERY)


def test_a_task_alone_reads_only_its_own_pictures(glyphs):
    benchmark = read_glyphs(glyphs, tasks=["words"])
    assert [task.name for task in benchmark.tasks] == ["words"]
    assert sorted(benchmark.pictures) == ["dot/blue", "dot/green", "dot/red"]


def test_a_cap_takes_queries_evenly_spaced(glyphs):
    benchmark = read_glyphs(glyphs, tasks=["words"], max_queries=3)
    (words,) = benchmark.tasks
    assert [query.text for query in words.queries] == ["red", "blue", "the colour of blood"]
    assert (len(words.documents), benchmark.max_queries) == (3, 3)


def test_the_revision_changes_with_the_data_and_with_nothing_else(glyphs):
    before = read_glyphs(glyphs).revision
    assert read_glyphs(glyphs, tasks=["words"]).revision == before
    change(glyphs / "queries.parquet", "query_text", list("uvwxyz"))
    assert read_glyphs(glyphs).revision != before


def test_refuses_absent_data_with_the_command_that_builds_it(tmp_path):
    with pytest.raises(DataError, match=r"queries\.parquet.*forethought data glyphs"):
        read_glyphs(tmp_path)


def test_refuses_an_unknown_task(glyphs):
    with pytest.raises(DataError, match="unknown task 'wrods'; known: style, words"):
        read_glyphs(glyphs, tasks=["words", "wrods"])


def test_refuses_no_queries(glyphs):
    with pytest.raises(DataError, match="0 queries"):
        read_glyphs(glyphs, max_queries=0)


def test_refuses_a_damaged_file(glyphs):
    (glyphs / "queries.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(DataError, match="not readable as Parquet"):
        read_glyphs(glyphs)


def test_refuses_a_missing_column(glyphs):
    table = pq.read_table(glyphs / "candidates.parquet")
    pq.write_table(table.drop_columns(["document_text"]), glyphs / "candidates.parquet")
    with pytest.raises(DataError, match="no column 'document_text'"):
        read_glyphs(glyphs)


def test_refuses_a_relevant_document_outside_the_pool(glyphs):
    change(glyphs / "queries.parquet", "relevant", [["d:dot/red"]] * 5 + [["d:moon"]])
    with pytest.raises(DataError, match="style, unseen: 'd:moon' is relevant to a query but not"):
        read_glyphs(glyphs)


def test_refuses_a_query_without_a_relevant_document(glyphs):
    change(glyphs / "queries.parquet", "relevant", [["d:dot/red"]] * 5 + [[]])
    with pytest.raises(DataError, match="style, unseen, query 1: no candidate is relevant"):
        read_glyphs(glyphs)


def test_refuses_a_document_that_is_twice_in_a_pool(glyphs):
    names = ["d:dot/red", "d:dot/green", "d:dot/red", "a", "b", "c", "d"]
    change(glyphs / "candidates.parquet", "document", names)
    with pytest.raises(DataError, match="words, unseen: a document is twice in the pool"):
        read_glyphs(glyphs, tasks=["words"])


def test_refuses_a_picture_that_is_missing(glyphs):
    change(glyphs / "queries.parquet", "query_picture", ["", "", "", "dot/pink", "", ""])
    with pytest.raises(DataError, match="no picture 'dot/pink'"):
        read_glyphs(glyphs)


def test_the_answers_of_a_query_are_its_relevant_texts(glyphs):
    table = pq.read_table(glyphs / "candidates.parquet")
    rows = [
        {**row, "document_picture": "", "document_text": row["document"].removeprefix("d:dot/")}
        if row["task"] == "words"
        else row
        for row in table.to_pylist()
    ]
    _write(glyphs / "candidates.parquet", rows)
    style, words = read_glyphs(glyphs).tasks
    assert words.answers == (("red",), ("blue",), ("green",), ("red",))
    assert style.answers is None
