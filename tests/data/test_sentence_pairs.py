import json

import pytest

from forethought.data import SentencePairs, check_examples
from forethought.errors import DataError
from forethought.types import Image, Side, Text
from tests.published_data import (
    picture,
    sentence_transformers,
    words,
    write_parquet,
    write_picture,
)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_columns_are_an_anchor_a_positive_and_negatives(tmp_path, suffix):
    path = tmp_path / sentence_transformers(tmp_path, suffix)["path"]
    source = SentencePairs(path, task="squares", query_instruction="Find it.")
    example = source[7]
    assert (example.task, example.query.instruction) == ("squares", "Find it.")
    assert example.query.content == (Text('a square, "gray",\nnumber 7'),)
    (positive,) = example.positives
    assert positive.message.content == (Text("gray square, number 7"),)
    assert (positive.message.instruction, positive.message.side) == ("", Side.DOCUMENT)
    negatives = [words(d.message) for d in example.negatives]
    assert negatives == [["a circle, number 7"], ["a line, number 7"]]
    assert check_examples(source).findings == ()


@pytest.fixture
def write(tmp_path):
    def make(*rows, **settings):
        path = tmp_path / "pairs.jsonl"
        path.write_text("\n".join(map(json.dumps, rows)))
        return SentencePairs(path, **settings)

    return make


def test_a_column_of_images_holds_paths(write, tmp_path):
    write_picture(tmp_path / "a.png", 0)
    row = {"query": "a red square", "positive": "a.png", "negative": "b.png", "score": 0.5}
    source = write(row, images=("positive",), document_instruction="Look.")
    example = source[0]
    assert isinstance(example.positives[0].message.content[0], Image)
    assert example.positives[0].message.instruction == "Look."
    assert [d.message.content for d in example.negatives] == [(Text("b.png"),)]


def test_lists_are_several_documents_and_tables_several_parts(write, tmp_path):
    write_picture(tmp_path / "a.png", 0)
    row = {
        "anchor": {"image": "a.png", "text": "what is it?"},
        "positive": ["a square", "red"],
        "negative": ["a circle", "", None],
    }
    example = write(row)[0]
    assert [type(part) for part in example.query.content] == [Image, Text]
    assert len(example.positives) == 2
    assert len(example.negatives) == 1


def test_bytes_are_pictures(tmp_path):
    rows = [{"anchor": {"bytes": picture(1), "path": None}, "positive": "green"}]
    write_parquet(tmp_path / "a.parquet", rows)
    assert isinstance(SentencePairs(tmp_path / "a.parquet")[0].query.content[0], Image)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"anchors": "a", "positive": "b"}, "no column 'anchor' or 'positive', only anchors, pos"),
        ({"anchor": "a", "positive": ""}, "positives is empty"),
        ({"anchor": ["a", "b"], "positive": "c"}, "anchor must be one text or picture, got 2"),
        ({"anchor": 3, "positive": "c"}, "text must be a string, got 3"),
        ({"anchor": {"audio": "a.wav"}, "positive": "c"}, "unknown key 'audio'"),
    ],
)
def test_another_row_is_named(write, row, message):
    with pytest.raises(DataError, match=f"line 1: {message}"):
        len(write(row))
