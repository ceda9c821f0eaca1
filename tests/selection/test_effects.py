import numpy as np
import pytest

from forethought.errors import ModelError
from forethought.selection import Effect, PairScores, effects_of

AFTER = np.array([[2.5, 1.0, -3.0], [0.5, 4.0, -2.5]])
WITHOUT = np.array([[1.0, 0.25, -2.0], [1.5, 0.5, -2.0]])


def test_effects_are_differences_to_the_score_without():
    # Row 0: gains 1.5, 0.75, -1.0. Row 1: gains -1.0, 3.5, -0.5.
    assert effects_of(PairScores(AFTER, WITHOUT, (0, 3))) == [
        Effect(1.5, 0.75, 1.0),
        Effect(-1.0, -4.5, 1.5, 3),
    ]


def test_without_negatives_the_margin_is_the_gain():
    (first, _) = effects_of(PairScores(AFTER[:, :1], WITHOUT[:, :1]))
    assert (first.gain, first.margin) == (1.5, 1.5)


def test_the_same_score_twice_has_no_effect():
    assert effects_of(PairScores(WITHOUT, WITHOUT))[0] == Effect(0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("gain", "margin", "expected"), [(0.4, -0.1, True), (0.4, 0.1, False), (-0.4, -0.8, False)]
)
def test_false_helpful_moves_a_negative_further_than_the_positive(gain, margin, expected):
    assert Effect(gain, margin, 0.0).is_false_helpful is expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused(bad):
    broken = AFTER.copy()
    broken[1, 2] = bad
    for scores in (PairScores(broken, WITHOUT), PairScores(AFTER, broken)):
        with pytest.raises(ModelError, match="score is not finite; use a higher precision"):
            effects_of(scores)
