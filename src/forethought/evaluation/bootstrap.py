"""Is a difference between two systems more than luck of the queries?"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from forethought.errors import DataError

RESAMPLES = 10_000
COVERAGE = 0.95
_CHUNK_VALUES = 2_000_000  # 16 MB of indices at a time


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with the ends of its 95% percentile interval."""

    mean: float
    low: float
    high: float


def paired_difference(
    a: Float[np.ndarray, " Q"],
    b: Float[np.ndarray, " Q"],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval:
    """Draw queries with replacement and take the mean of `a` less `b` each time.

    Both systems keep the same queries in every draw, so what makes a query hard for both
    cancels (Efron and Tibshirani, 1993, chapter 13: the percentile interval).

    Raises:
        DataError: if the two do not hold the same, positive number of queries.
    """
    if a.shape != b.shape or not a.size:
        raise DataError(f"{a.size} and {b.size} queries: a paired difference needs the same ones")
    return mean_interval(a - b, seed=seed, resamples=resamples)


def mean_interval(
    values: Float[np.ndarray, " Q"], *, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """Bound the mean of a few values by the means of `resamples` redraws of them."""
    generator = np.random.default_rng(seed)
    means = np.empty(resamples)
    step = max(1, _CHUNK_VALUES // len(values))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        drawn = generator.integers(0, len(values), size=(rows, len(values)), dtype=np.int32)
        means[start : start + rows] = values[drawn].mean(axis=1)
    tail = (1.0 - COVERAGE) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
