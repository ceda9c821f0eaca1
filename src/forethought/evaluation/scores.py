"""Cosine scores of each query's candidates."""

import numpy as np
from jaxtyping import Float

from forethought.evaluation.benchmark import EvalTask

SCORE_DECIMALS = 6
"""Cosines are rounded to float32's precision, so equal vectors tie whatever their batch was."""


def candidate_scores(
    task: EvalTask, queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "P D"]
) -> Float[np.ndarray, "Q C"]:
    """Cosine of each query with its candidates, in the order of `task.grades()`.

    Rows shorter than the longest list of candidates are filled with -inf. NaN stays NaN.
    """
    if task.candidates is None:
        return cosines(queries, documents)
    longest = max(map(len, task.candidates), default=0)
    scores = np.full((len(queries), longest), -np.inf)
    # Query by query: the lists of a task may hold millions of rows of `documents` together.
    for row, candidates in enumerate(task.candidates):
        found = cosines(queries[row : row + 1], documents[list(candidates)])
        scores[row, : len(candidates)] = found[0]
    return scores


def cosines(
    queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "P D"]
) -> Float[np.ndarray, "Q P"]:
    """Cosine of every query with every document, to `SCORE_DECIMALS`; NaN stays NaN."""
    scores: Float[np.ndarray, "Q P"] = _unit(queries) @ _unit(documents).T
    return scores.round(SCORE_DECIMALS)


def _unit(vectors: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
    exact: Float[np.ndarray, "N D"] = vectors.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    unit: Float[np.ndarray, "N D"] = exact / np.maximum(lengths, np.finfo(np.float64).tiny)
    return unit
