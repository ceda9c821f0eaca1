import numpy as np
import pytest

from benchmarks.results import Result, agreement, ratio
from forethought.doctor import Times

X, Y = [1.0, 0.0], [0.0, 1.0]


def vectors(*rows):
    return np.array(rows, dtype=np.float32)


def test_a_ratio_is_taken_round_by_round_and_per_sample():
    ours = Result("g", "ours", 8, Times((1.0, 2.0, 1.0)))
    other = Result("g", "other", 2, Times((1.0, 1.0, 3.0)))
    # Samples a second: ours 8, 4, 8; the other's 2, 2, 2/3.
    found = ratio(ours, other)
    assert found is not None
    assert (found.median, found.low, found.high) == pytest.approx((4.0, 2.0, 12.0))
    assert ours.rate == 8.0


def test_a_case_that_did_not_run_has_no_ratio():
    ran = Result("g", "ours", 8, Times((1.0,)))
    assert ratio(ran, Result("g", "other", 0, None, note="not installed")) is None


def test_the_least_cosine_of_all_rows_decides():
    found = agreement(vectors(X, Y, X), vectors(X, Y, X), same=2)
    assert (found.rows, found.same, found.cosine, found.holds) == (3, 2, 1.0, True)
    assert str(found) == "agrees: 2/3, cosine 1.00000"
    assert str(agreement(vectors(X, Y), vectors(X, X))) == "disagrees: 2/2, cosine 0.00000"
