import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.data import ExampleKey, ExampleSource
from forethought.errors import DataError
from forethought.nano.glyph_examples import GlyphExamples, GlyphPair, read_table, read_texts
from forethought.types import Ending, Image, Rationale, Side, Text
from tests import tiny

EMPTY = GlyphPair(*("",) * len(dataclasses.fields(GlyphPair)))


@pytest.fixture(scope="module")
def source(tiny_data):
    return GlyphExamples(tiny_data)


def test_it_is_a_source_of_examples(source):
    assert isinstance(source, ExampleSource)


def test_only_the_pairs_of_the_split_are_read(tiny_data, source):
    assert len(source) == len(source.pairs) == 2 * len(tiny.COLOURS) * len(tiny.STYLES)
    assert {pair.split for pair in source.pairs} == {"train"}
    assert GlyphExamples(tiny_data, "test").pairs == ()


def test_every_picture_is_decoded_once(source):
    assert set(source.pictures) == {f"{s}/{c}" for s in tiny.STYLES for c in tiny.COLOURS}
    framed = source.pictures["framed/red"]
    assert framed.source == "framed/red"
    assert framed.pixels[0, 0].tolist() == [0, 0, 0]
    assert framed.pixels[28, 28].tolist() == list(tiny.COLOURS["red"])


def test_a_pair_becomes_an_example(source):
    index = next(
        i for i, p in enumerate(source.pairs) if (p.task, p.query_concept) == ("keywords", "violet")
    )
    pair, found = source.pairs[index], source[index]
    (document,) = found.positives
    assert (found.query.side, document.message.side) == (Side.QUERY, Side.DOCUMENT)
    assert found.query.content == (Text("violet, square"),)
    assert found.query.instruction == "Find the picture."
    (picture,) = document.message.content
    assert picture is source.pictures[pair.document_picture]
    assert found.rationale == Rationale(pair.query_thinking, "violet", Ending.EMBED)
    assert (document.label, found.negatives) == ("violet", ())


def test_keys_are_those_of_the_examples(source):
    keys = [ExampleKey(e.task, e.positives[0].label) for e in source]
    assert list(source.iter_keys()) == keys
    assert len(source.shard(1, 5)) == 6  # 28 examples: indices 1, 6, 11, 16, 21, 26
    assert list(source.shard(1, 5).iter_keys()) == keys[1::5]


def test_a_picture_comes_before_the_words_about_it(source):
    both = dataclasses.replace(
        EMPTY, query_picture="plain/red", query_text="what?", document_text="a"
    )
    content = source.example(both).query.content
    assert [type(part) for part in content] == [Image, Text]
    assert np.array_equal(content[0].pixels, source.pictures["plain/red"].pixels)


def test_the_label_is_the_words_or_the_concept_of_the_picture():
    picture = dataclasses.replace(EMPTY, document_picture="plain/red", document_concept="red")
    assert picture.label == "red"
    assert dataclasses.replace(picture, document_text="scarlet").label == "scarlet"


def test_texts_are_read_in_order(tiny_data):
    assert read_texts(tiny_data / "texts.parquet")[:2] == ("red paint", "green paint")
    assert read_texts(tiny_data / "statements.parquet")[0] == "Red is a colour."


def test_data_that_are_not_built_are_refused(tmp_path):
    with pytest.raises(
        DataError, match="no such file; build the data with `forethought data glyphs`"
    ):
        read_table(tmp_path / "examples.parquet")


def test_documents_of_one_question_answer_it_and_no_other(tmp_path):
    pair = dataclasses.replace(EMPTY, task="two_steps", split="train", query_text="a neighbour")
    rows = [
        dataclasses.replace(pair, document_text="Chad"),
        dataclasses.replace(pair, document_text="Togo"),
        dataclasses.replace(pair, query_text="a capital", document_text="Lomé"),
        dataclasses.replace(pair, split="dev", document_text="Mali"),
    ]
    pq.write_table(
        pa.Table.from_pylist([dataclasses.asdict(row) for row in rows]),
        tmp_path / "examples.parquet",
    )
    chad, togo, capital = GlyphExamples(tmp_path)
    assert [example.positives[0].label for example in (chad, togo)] == ["Chad", "Togo"]
    assert chad.labels == togo.labels == {"Chad", "Togo"}
    assert capital.labels == {"Lomé"}
