"""Which documents a query ranks first, and where its best relevant one is."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from forethought.evaluation.benchmark import EvalTask

FIRST = 10
"""How many documents of each query are kept."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The order of each query's documents, as far as a reader wants to look at it.

    Args:
        best: the rank of the best relevant document, from 1.
        first: the documents at the first ranks, by their index in the task; -1 where there are
            fewer.
    """

    best: Int[np.ndarray, " Q"]
    first: Int[np.ndarray, "Q K"]


def rank(
    task: EvalTask, scores: Float[np.ndarray, "Q C"], grades: Float[np.ndarray, "Q C"]
) -> Ranking:
    """Rank candidates by score; among equal scores, by rising grade."""
    order = np.lexsort((grades, -scores), axis=1)
    relevant = np.take_along_axis(grades, order, axis=1) > 0
    first = order[:, :FIRST]
    if task.candidates is not None:
        first = np.array(
            [
                [candidates[index] if index < len(candidates) else -1 for index in row]
                for candidates, row in zip(task.candidates, first.tolist(), strict=True)
            ],
            dtype=np.int64,
        ).reshape(first.shape)
    return Ranking(best=relevant.argmax(axis=1) + 1, first=first)
