import dataclasses

import pytest
import torch

from forethought.errors import DataError
from forethought.nano.features import (
    crossings,
    picture_features,
    read_feature_dataset,
    text_vectors,
)
from tests.training.colours import EMPTY, Bags, MeanColour, build


class Counting(MeanColour):
    seen = 0

    def __call__(self, pictures):
        self.seen += len(pictures)
        return super().__call__(pictures)


@pytest.fixture
def data(tmp_path):
    return build(tmp_path / "data")


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (
            {"query_text": "q", "document_picture": "d", "document_concept": "c"},
            [("d", "q", "c")],
        ),
        (
            {"query_picture": "q", "document_text": "d", "query_concept": "c"},
            [("q", "d", "c")],
        ),
        ({"query_picture": "q", "document_picture": "d"}, []),
        ({"query_text": "q", "document_text": "d"}, []),
        ({"query_text": "q", "query_picture": "p", "document_picture": "d"}, []),
        ({"query_picture": "q", "document_text": "d", "document_picture": "p"}, []),
    ],
    ids=["words-picture", "picture-words", "pictures", "words", "both-picture", "picture-both"],
)
def test_only_a_lone_picture_against_lone_words_is_a_lesson(shown, expected):
    assert crossings(dataclasses.replace(EMPTY, **shown)) == expected


def test_lessons_hold_the_train_split_alone(data):
    lessons = read_feature_dataset(data, pictures=MeanColour(), texts=Bags())
    # Five colours are learned from, in two shades and two texts each.
    assert lessons.features.shape == (10, 4)
    assert lessons.texts.shape == (10, 16)
    assert [len(captions) for captions in lessons.captions] == [2] * 5
    assert lessons.concepts.bincount().tolist() == [2] * 5


def test_a_concept_is_captioned_in_its_own_words(data):
    lessons = read_feature_dataset(data, pictures=MeanColour(), texts=Bags())
    # Concepts sort black, blue, green, red, white: red is the fourth.
    found = lessons.texts[list(lessons.captions[3])]
    torch.testing.assert_close(found, Bags()(["red", "red paint"]), atol=1e-3, rtol=0)


def test_features_are_kept_beside_the_data(data):
    assert picture_features(data, ["red/0"], tower=MeanColour())[0].tolist() == [220, 30, 20, 90]
    tower = Counting()
    again = picture_features(data, ["blue/5", "red/0"], tower=tower)
    assert again[1].tolist() == [220, 30, 20, 90]
    assert tower.seen == 1


def test_texts_keep_their_unit_length_in_the_file(data):
    vectors = text_vectors(data, ["red", "white paint"], tower=Bags())
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(2))


def test_a_picture_that_is_not_there_is_named(data):
    with pytest.raises(DataError, match="no picture 'pink/0'"):
        picture_features(data, ["red/0", "pink/0"], tower=MeanColour())


def test_data_that_were_not_built_are_asked_for(tmp_path):
    with pytest.raises(DataError, match="forethought data glyphs"):
        picture_features(tmp_path, ["red/0"], tower=MeanColour())
    with pytest.raises(DataError, match="forethought data glyphs"):
        read_feature_dataset(tmp_path, pictures=MeanColour(), texts=Bags())
