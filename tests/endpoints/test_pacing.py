import hypothesis
import pytest
from hypothesis import strategies

from forethought.endpoints.pacing import backoff


@hypothesis.given(strategies.integers(1, 5))
def test_the_wait_doubles_within_its_jitter(attempt):
    whole = 0.3 * 2 ** (attempt - 1)
    assert whole / 2 <= backoff(attempt, base=0.3, most=100.0) <= whole


@pytest.mark.parametrize("attempt", [10, 10_000])
def test_the_wait_is_bounded(attempt):
    assert 3.5 <= backoff(attempt, base=0.3, most=7.0) <= 7


def test_waits_differ():
    assert len({backoff(2, base=1.0, most=9.0) for _ in range(20)}) > 1
