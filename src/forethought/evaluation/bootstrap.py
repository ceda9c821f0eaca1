"""Bootstrap intervals of a mean and of a paired difference over queries."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.stats import bootstrap

from forethought.errors import DataError

RESAMPLES = 10_000
COVERAGE = 0.95
_BATCH_VALUES = 2_000_000  # resampled values held at a time, 16 MB


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the ends of its percentile interval, of `COVERAGE`."""

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
    """Mean of `a` less `b` over queries.

    Both systems are resampled with the same queries, so the difficulty of a query cancels.

    Raises:
        DataError: if the two have no queries, or not the same number.
    """
    if a.shape != b.shape or not a.size:
        raise DataError(
            f"{a.size} and {b.size} queries: a paired difference needs the same ones, at least one"
        )
    return mean_interval(a - b, seed=seed, resamples=resamples)


def mean_interval(
    values: Float[np.ndarray, " Q"], *, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """Mean of the values with its percentile interval (Efron and Tibshirani, 1993, chapter 13).

    The same seed and number of values draw the same resamples.
    """
    mean = float(values.mean())
    if len(values) == 1:  # has one resample, which scipy refuses
        return Interval(mean, mean, mean)
    found = bootstrap(
        (values,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, _BATCH_VALUES // len(values)),
        vectorized=True,
        confidence_level=COVERAGE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return Interval(mean, float(low), float(high))
