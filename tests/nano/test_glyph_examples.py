import dataclasses

import numpy as np
import pytest

from forethought.data import GlyphPairs, Pair, read_table, read_texts
from forethought.errors import DataError
from forethought.types import Ending, Image, Rationale, Side, Text
from tests import tiny

EMPTY = Pair(*("",) * len(dataclasses.fields(Pair)))


@pytest.fixture(scope="module")
def source(tiny_data):
    return GlyphPairs(tiny_data, "train")


def test_only_the_pairs_of_the_split_are_read(tiny_data, source):
    assert len(source.pairs) == 2 * len(tiny.COLOURS) * len(tiny.STYLES)
    assert {pair.split for pair in source.pairs} == {"train"}
    assert GlyphPairs(tiny_data, "test").pairs == ()


def test_every_picture_that_is_shown_is_decoded_once(source):
    assert set(source.pictures) == {f"{s}/{c}" for s in tiny.STYLES for c in tiny.COLOURS}
    framed = source.pictures["framed/red"]
    assert framed.source == "framed/red"
    assert framed.pixels[0, 0].tolist() == [0, 0, 0]
    assert framed.pixels[28, 28].tolist() == list(tiny.COLOURS["red"])


def test_a_pair_is_shown_as_an_example(source):
    pair = next(p for p in source.pairs if p.task == "keywords" and p.query_concept == "violet")
    found = source.example(pair)
    assert (found.query.side, found.document.side) == (Side.QUERY, Side.DOCUMENT)
    assert found.query.content == (Text("violet, square"),)
    assert found.query.instruction == "Find the picture."
    (picture,) = found.document.content
    assert picture is source.pictures[pair.document_picture]
    assert found.query_rationale == Rationale(pair.query_thinking, "violet", Ending.EMBED)
    assert (found.query_concept, found.document_concept) == ("violet", "violet")


def test_a_picture_comes_before_the_words_about_it(source):
    both = dataclasses.replace(
        EMPTY, query_picture="plain/red", query_text="what?", document_text="a"
    )
    shown = source.example(both).query.content
    assert [type(part) for part in shown] == [Image, Text]
    assert np.array_equal(shown[0].pixels, source.pictures["plain/red"].pixels)


def test_a_teacher_knows_one_text_or_one_picture():
    pair = dataclasses.replace(EMPTY, query_picture="plain/red", document_text="red")
    assert (pair.query_key, pair.document_key) == ("plain/red", "red")
    assert dataclasses.replace(pair, query_text="what?").query_key == ""


def test_the_answer_is_the_words_or_what_the_picture_shows():
    shown = dataclasses.replace(EMPTY, document_picture="plain/red", document_concept="red")
    assert shown.answer == "red"
    assert dataclasses.replace(shown, document_text="scarlet").answer == "scarlet"


def test_texts_are_read_in_order(tiny_data):
    assert read_texts(tiny_data / "texts.parquet")[:2] == ("red paint", "green paint")


def test_data_that_are_not_built_are_refused(tmp_path):
    with pytest.raises(
        DataError, match="no such file; build the data with `forethought data glyphs`"
    ):
        read_table(tmp_path / "examples.parquet")
