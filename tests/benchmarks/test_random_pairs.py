from typing import Any

import numpy as np
import pytest

from benchmarks.random_pairs import RandomPairs
from forethought.types import Text

PAIRS = RandomPairs(count=30, words=8, fewest=16, most=36)


def test_a_pair_is_the_same_each_time_and_no_two_are_alike():
    first: Any = PAIRS[3].query.content[0]
    again: Any = PAIRS[3].query.content[0]
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert PAIRS[3].rationale == PAIRS[3].rationale
    assert len({pair.rationale for pair in PAIRS}) == 30
    assert len({key.label for key in PAIRS.iter_keys()}) == 30


def test_keys_are_those_of_the_pairs():
    pairs = [(pair.task, pair.positives[0].label) for pair in PAIRS]
    assert pairs == [tuple(key) for key in PAIRS.iter_keys()]


def test_rationales_have_a_quarter_to_all_of_the_words():
    both = [r for pair in PAIRS for r in (pair.rationale, pair.positives[0].rationale)]
    lengths = {len(rationale.thinking.split()) for rationale in both if rationale}
    assert min(lengths) == 2
    assert max(lengths) == 8


def test_a_question_has_a_picture_only_where_patches_are_given():
    sides = {pair.query.content[0].pixels.shape[0] // 14 for pair in PAIRS}  # type: ignore[union-attr]
    assert sides == {4, 6}
    (only,) = RandomPairs(count=2, words=8)[1].query.content
    assert isinstance(only, Text)


def test_there_is_no_pair_past_the_last():
    with pytest.raises(IndexError):
        PAIRS[30]
    assert [pair.positives[0].label for pair in PAIRS.shard(1, 15)] == ["answer 1", "answer 16"]
