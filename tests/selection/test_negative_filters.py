import math

import numpy as np
import pytest

from forethought.errors import ConfigError
from forethought.selection import NegativeRule, SamplingStrategy
from forethought.selection.negative_filters import RankedDocuments, filter_by_score, sample
from forethought.types import Neighbor

SCORES = [0.9, 0.8, 0.75, 0.5, 0.1, -0.2]


def ranked(positive=0.8, scores=SCORES):
    """Documents 10, 11, ... by falling score."""
    documents = np.arange(10, 10 + len(scores))
    return RankedDocuments(documents, np.array(scores, np.float32), Neighbor(3, positive))


def rule(**changes):
    return NegativeRule(**{"relative_margin": None, **changes})


@pytest.mark.parametrize(
    ("changes", "documents", "removed"),
    [
        ({}, [10, 11, 12, 13, 14, 15], {}),
        # 0.8 - 0.05 x 0.8 = 0.76
        ({"relative_margin": 0.05}, [12, 13, 14, 15], {"relative_margin": 2}),
        # 0.8 - 0.3 = 0.5, which may be reached in float32 or not; 0.29 leaves it in.
        ({"absolute_margin": 0.29}, [13, 14, 15], {"absolute_margin": 3}),
        ({"max_score": 0.6}, [13, 14, 15], {"max_score": 3}),
        ({"min_score": 0.0}, [10, 11, 12, 13, 14], {"min_score": 1}),
        (
            {"absolute_margin": 0.02, "relative_margin": 0.1, "max_score": 0.4, "min_score": 0.05},
            [14],
            # 0.78: 2; 0.72: 1; 0.4: 1; 0.05: 1
            {"absolute_margin": 2, "relative_margin": 1, "max_score": 1, "min_score": 1},
        ),
    ],
    ids=["none", "relative", "absolute", "max", "min", "all"],
)
def test_filters_by_hand(changes, documents, removed):
    found, counts = filter_by_score(ranked(), rule(**changes))
    assert found.documents.tolist() == documents
    assert counts == removed
    assert found.scores.tolist() == [np.float32(SCORES[one - 10]) for one in documents]
    assert found.positive == Neighbor(3, 0.8)


def test_a_relative_margin_lowers_the_bound_under_a_positive_of_less_than_zero():
    # -0.1 - 0.5 x 0.1 = -0.15
    found, _ = filter_by_score(ranked(-0.1), rule(relative_margin=0.5))
    assert found.documents.tolist() == [15]


def test_a_margin_of_zero_takes_what_scores_as_the_positive():
    positive = float(np.float32(0.8))
    found, _ = filter_by_score(ranked(positive), rule(absolute_margin=0.0))
    assert found.documents.tolist() == [11, 12, 13, 14, 15]


def test_top_takes_the_nearest():
    found = sample(ranked(), rule(num_negatives=2), np.random.default_rng(0))
    assert found.documents.tolist() == [10, 11]


def test_random_takes_each_equally_often_and_orders_by_score():
    chosen = rule(num_negatives=2, sampling_strategy=SamplingStrategy.RANDOM)
    rng = np.random.default_rng(5)
    draws = [sample(ranked(), chosen, rng).documents.tolist() for _ in range(3000)]
    assert all(first < second for first, second in draws)
    counts = np.bincount(np.concatenate(draws), minlength=16)[10:]
    # 1000 each; the deviation is about 26.
    assert np.abs(counts - 1000).max() < 130


@pytest.mark.parametrize("strategy", SamplingStrategy)
def test_fewer_than_asked_for_are_all_taken(strategy):
    chosen = rule(num_negatives=7, sampling_strategy=strategy)
    assert len(sample(ranked(), chosen, np.random.default_rng(0))) == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_negatives": 0}, "num_negatives must be at least 1, got 0"),
        ({"range_min": -1}, "range_min must be at least 0, got -1"),
        ({"range_min": 8, "range_max": 10}, "hold fewer than num_negatives=3; raise range_max"),
        ({"relative_margin": -0.1}, "relative_margin must be at least 0, got -0.1"),
        ({"absolute_margin": math.nan}, "absolute_margin must be at least 0, got nan"),
        ({"max_score": 1.5}, "min_score=None and max_score=1.5 must be cosines"),
        ({"min_score": math.nan}, "must be cosines"),
        ({"min_score": 0.5, "max_score": 0.4}, "min_score=0.5 is above max_score=0.4"),
    ],
)
def test_a_rule_that_nothing_passes_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        NegativeRule(**changes)
