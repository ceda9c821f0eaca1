import numpy as np
import pytest

from forethought.errors import DataError
from forethought.evaluation import mean_interval, paired_difference

HITS = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0])


def test_identical_systems_differ_by_exactly_nothing():
    found = paired_difference(HITS, HITS.copy(), seed=3)
    assert (found.mean, found.low, found.high) == (0.0, 0.0, 0.0)


def test_a_constant_lead_has_no_spread():
    found = paired_difference(HITS + 0.25, HITS, seed=3)
    assert (found.mean, found.low, found.high) == (0.25, 0.25, 0.25)


def test_two_queries_resample_to_the_hand_computed_ends():
    # Means of two draws from {0, 1}: 0 a quarter of the time, 1/2 half, 1 a quarter; so the
    # 2.5% and 97.5% points are the extremes.
    found = paired_difference(np.array([1.0, 0.5]), np.array([0.0, 0.5]), seed=3)
    assert (found.mean, found.low, found.high) == (0.5, 0.0, 1.0)


def test_the_interval_of_many_queries_is_the_normal_one():
    # 400 differences of standard deviation 0.5: the mean's is 0.5 / 20 = 0.025, and 95% of a
    # normal lies within 1.96 of them.
    differences = np.tile([0.6, -0.4], 200)
    found = mean_interval(differences, seed=3)
    assert found.mean == pytest.approx(0.1)
    assert found.low == pytest.approx(0.1 - 1.96 * 0.025, abs=0.004)
    assert found.high == pytest.approx(0.1 + 1.96 * 0.025, abs=0.004)


def test_swapping_the_systems_mirrors_the_interval():
    other = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    there = paired_difference(HITS, other, seed=5)
    back = paired_difference(other, HITS, seed=5)
    assert (back.mean, back.low, back.high) == pytest.approx((-there.mean, -there.high, -there.low))


def test_a_seed_gives_the_same_interval_again_and_another_does_not():
    values = np.random.default_rng(1).random(31)
    assert mean_interval(values, seed=8) == mean_interval(values, seed=8)
    assert mean_interval(values, seed=8) != mean_interval(values, seed=9)


def test_one_query_has_no_spread():
    found = paired_difference(np.array([0.75]), np.array([0.25]), seed=3)
    assert (found.mean, found.low, found.high) == (0.5, 0.5, 0.5)


def test_refuses_no_queries():
    with pytest.raises(DataError, match="0 and 0 queries"):
        paired_difference(np.array([]), np.array([]), seed=3)
