"""How good is a ranking: one number a query and metric.

The tie rule: among equal scores the documents that are *not* relevant come first. So the rank
of the best relevant document is 1 plus the number of non-relevant ones that score at least as
high, and an encoder that maps everything to one point comes last, not first.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from forethought.errors import DataError

TIE_RULE = "equal scores rank every non-relevant document first"
"""How a report states the rule."""

Metric = Callable[[Bool[np.ndarray, "Q P"]], Float[np.ndarray, " Q"]]
"""Reads which ranks hold relevant documents; each query's value is in [0, 1]."""


def ranked(
    scores: Float[np.ndarray, "Q P"], relevant: Bool[np.ndarray, "Q P"]
) -> Bool[np.ndarray, "Q P"]:
    """Sort each query's relevance from best score to worst, ties against the model.

    Raises:
        DataError: if a score is NaN or a query has no relevant document.
    """
    if np.isnan(scores).any():
        broken = int(np.isnan(scores).any(axis=1).sum())
        raise DataError(f"{broken} of {len(scores)} queries have NaN scores; a vector is broken")
    if not relevant.any(axis=1).all():
        first = int(np.flatnonzero(~relevant.any(axis=1))[0])
        raise DataError(f"query {first} has no relevant document in its pool; it needs one")
    order = np.lexsort((relevant, -scores), axis=1)
    return np.take_along_axis(relevant, order, axis=1)


def hit_at(found: Bool[np.ndarray, "Q P"], *, k: int) -> Float[np.ndarray, " Q"]:
    """1 where any of the first `k` ranks is relevant."""
    hits: Float[np.ndarray, " Q"] = np.any(found[:, :k], axis=1).astype(np.float64)
    return hits


def recall_at(found: Bool[np.ndarray, "Q P"], *, k: int) -> Float[np.ndarray, " Q"]:
    """The share of a query's relevant documents that stand in the first `k` ranks."""
    shares: Float[np.ndarray, " Q"] = found[:, :k].sum(axis=1) / found.sum(axis=1)
    return shares


def ndcg_at(found: Bool[np.ndarray, "Q P"], *, k: int) -> Float[np.ndarray, " Q"]:
    """Discounted gain, 1 / log2(rank + 1) for each relevant rank, over the best possible.

    Järvelin and Kekäläinen, 2002, with binary gains.
    """
    width = min(k, found.shape[1])
    discounts = 1.0 / np.log2(np.arange(width) + 2.0)
    best = np.cumsum(discounts)[np.minimum(found.sum(axis=1), width) - 1]
    gains: Float[np.ndarray, " Q"] = found[:, :width] @ discounts / best
    return gains


METRICS: dict[str, Metric] = {
    "hit@1": partial(hit_at, k=1),
    "recall@10": partial(recall_at, k=10),
    "ndcg@5": partial(ndcg_at, k=5),
}
"""What a report holds, by the key it is reported under."""


def measure(
    scores: Float[np.ndarray, "Q P"], relevant: Bool[np.ndarray, "Q P"]
) -> dict[str, Float[np.ndarray, " Q"]]:
    """Every metric of every query.

    Raises:
        DataError: if a score is NaN or a query has no relevant document.
    """
    found = ranked(scores, relevant)
    return {name: metric(found) for name, metric in METRICS.items()}
