"""Metrics over the grades of a ranking: one number in [0, 1] for each query and metric.

Tie rule: among equal scores the documents of lower grade rank first. The rank of the best
relevant document is therefore 1 plus the number of worse documents that score at least as high,
and an encoder that maps every input to one point ranks last, not first.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from jaxtyping import Float

from forethought.errors import DataError

TIE_RULE = "equal scores rank every non-relevant document first"
"""The tie rule, as reports print it."""

Metric = Callable[[Float[np.ndarray, "Q C"]], Float[np.ndarray, " Q"]]
"""Scores each query by the grades of its candidates in ranked order; 0 is not relevant."""


def ranked_grades(
    scores: Float[np.ndarray, "Q C"], grades: Float[np.ndarray, "Q C"]
) -> Float[np.ndarray, "Q C"]:
    """Sort each query's grades from the best score to the worst, equal scores by rising grade.

    A score of -inf ranks last: it fills the rows of queries with fewer candidates.

    Raises:
        DataError: if a score is NaN.
    """
    broken = int(np.isnan(scores).any(axis=1).sum())
    if broken:
        raise DataError(
            f"{broken} of {len(scores)} queries have NaN scores; the encoder returned broken vectors"
        )
    order = np.lexsort((grades, -scores), axis=1)
    return np.take_along_axis(grades, order, axis=1)


def hit_at(ranked: Float[np.ndarray, "Q C"], *, k: int) -> Float[np.ndarray, " Q"]:
    """1 where any of the first `k` ranks is relevant."""
    hits: Float[np.ndarray, " Q"] = np.any(ranked[:, :k] > 0, axis=1).astype(np.float64)
    return hits


def recall_at(ranked: Float[np.ndarray, "Q C"], *, k: int) -> Float[np.ndarray, " Q"]:
    """Share of a query's relevant documents among the first `k` ranks."""
    relevant = ranked > 0
    shares: Float[np.ndarray, " Q"] = relevant[:, :k].sum(axis=1) / relevant.sum(axis=1)
    return shares


def ndcg_at(ranked: Float[np.ndarray, "Q C"], *, k: int) -> Float[np.ndarray, " Q"]:
    """Discounted gain of the first `k` ranks over that of the ideal order.

    The gain is the grade (linear), the discount log2(rank + 1): Järvelin and Kekäläinen, 2002.
    """
    width = min(k, ranked.shape[1])
    discounts = 1.0 / np.log2(np.arange(width) + 2.0)
    ideal = -np.sort(-ranked, axis=1)[:, :width]
    best = (ideal * discounts).cumsum(axis=1)[:, -1]
    gains: Float[np.ndarray, " Q"] = ranked[:, :width] @ discounts / best
    return gains


METRICS: Mapping[str, Metric] = {
    "hit@1": partial(hit_at, k=1),
    "recall@10": partial(recall_at, k=10),
    "ndcg@5": partial(ndcg_at, k=5),
}
"""Metrics by the key that reports use; a benchmark scores by all or some of them."""
