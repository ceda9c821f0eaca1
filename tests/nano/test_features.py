import dataclasses

import pytest
import torch

from forethought.errors import DataError
from forethought.nano.features import (
    picture_features,
    picture_texts,
    read_feature_dataset,
    text_vectors,
)
from tests.nano.colours import EMPTY, Bags, MeanColour, build


class Counting(MeanColour):
    count = 0

    def __call__(self, pictures):
        self.count += len(pictures)
        return super().__call__(pictures)


@pytest.fixture
def data(tmp_path):
    return build(tmp_path / "data")


@pytest.mark.parametrize(
    ("fields", "expected"),
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
def test_only_one_picture_with_one_text_is_a_match(fields, expected):
    assert picture_texts(dataclasses.replace(EMPTY, **fields)) == expected


def test_the_dataset_is_the_train_split_alone(data):
    dataset = read_feature_dataset(data, pictures=MeanColour(), texts=Bags())
    # Five colours are in the train split, in two shades and two texts each.
    assert dataset.features.shape == (10, 4)
    assert dataset.texts.shape == (10, 16)
    assert [len(captions) for captions in dataset.captions] == [2] * 5
    assert dataset.concepts.bincount().tolist() == [2] * 5


def test_the_captions_of_a_concept_are_its_texts(data):
    dataset = read_feature_dataset(data, pictures=MeanColour(), texts=Bags())
    # Concepts sort black, blue, green, red, white: red is the fourth.
    found = dataset.texts[list(dataset.captions[3])]
    torch.testing.assert_close(found, Bags()(["red", "red paint"]), atol=1e-3, rtol=0)


def test_features_are_cached_beside_the_data(data):
    assert picture_features(data, ["red/0"], encoder=MeanColour())[0].tolist() == [220, 30, 20, 90]
    encoder = Counting()
    again = picture_features(data, ["blue/5", "red/0"], encoder=encoder)
    assert again[1].tolist() == [220, 30, 20, 90]
    assert encoder.count == 1


def test_cached_texts_have_unit_length(data):
    vectors = text_vectors(data, ["red", "white paint"], encoder=Bags())
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(2))


def test_a_missing_picture_is_named(data):
    with pytest.raises(DataError, match="no picture 'pink/0'"):
        picture_features(data, ["red/0", "pink/0"], encoder=MeanColour())


def test_a_data_set_that_is_not_built_is_refused(tmp_path):
    with pytest.raises(DataError, match="forethought data glyphs"):
        picture_features(tmp_path, ["red/0"], encoder=MeanColour())
    with pytest.raises(DataError, match="forethought data glyphs"):
        read_feature_dataset(tmp_path, pictures=MeanColour(), texts=Bags())
