"""The documents near each query of a pool, by an exact search in blocks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from forethought.selection.mining_pool import MiningPool, PoolQuery
from forethought.selection.mining_vectors import PoolVectors
from forethought.selection.negative_filters import NegativeRule, RankedDocuments
from forethought.types import Neighbor, top_rows

_BLOCK = 1 << 24  # scores at a time: 64 MiB


def rank_documents(
    pool: MiningPool,
    vectors: PoolVectors,
    rule: NegativeRule,
    *,
    across_tasks: bool,
    with_negatives: bool,
) -> Iterator[tuple[int, RankedDocuments]]:
    """The documents of the rule's ranks for every query by its number, task by task.

    Ranks count neither the documents that answer the query nor, unless `with_negatives`, those
    that are its negatives already.
    """
    tasks: dict[str, list[int]] = {}
    for row, query in enumerate(pool.queries):
        tasks.setdefault(query.task, []).append(row)
    for task, rows in tasks.items():
        columns = _Columns.of(pool, None if across_tasks else task)
        matrix = vectors.documents[columns.documents]
        step = max(1, _BLOCK // max(1, len(matrix)))
        for start in range(0, len(rows), step):
            block = rows[start : start + step]
            for row, scores in zip(block, vectors.queries[block] @ matrix.T, strict=True):
                query = pool.queries[row]
                scores[columns.excluded(pool, query, with_negatives=with_negatives)] = -np.inf
                best = [one for one in top_rows(scores, rule.range_max) if np.isfinite(one.score)]
                yield row, columns.ranked(best[rule.range_min :], lowest(query, row, vectors))


def lowest(query: PoolQuery, row: int, vectors: PoolVectors) -> Neighbor:
    """The positive of lowest score, by its number."""
    positives = sorted(query.positives)
    scores = vectors.documents[positives] @ vectors.queries[row]
    at = int(scores.argmin())
    return Neighbor(positives[at], float(scores[at]))


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """The documents that are considered in a task; columns of scores by document and by group."""

    documents: Int[np.ndarray, " C"]
    of_document: Mapping[int, int]
    of_group: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, pool: MiningPool, task: str | None) -> "_Columns":
        numbers = [
            number
            for number, document in enumerate(pool.documents)
            if (document.tasks if task is None else task in document.tasks)
        ]
        of_group: dict[str, list[int]] = {}
        for column, number in enumerate(numbers):
            for group in pool.documents[number].groups:
                of_group.setdefault(group, []).append(column)
        of_document = {number: column for column, number in enumerate(numbers)}
        return cls(np.array(numbers, dtype=np.int64), of_document, of_group)

    def excluded(
        self, pool: MiningPool, query: PoolQuery, *, with_negatives: bool
    ) -> Int[np.ndarray, " E"]:
        found = {
            column for group in pool.groups_of(query) for column in self.of_group.get(group, ())
        }
        if not with_negatives:
            columns = map(self.of_document.get, query.negatives)
            found |= {column for column in columns if column is not None}
        return np.array(sorted(found), dtype=np.int64)

    def ranked(self, best: Sequence[Neighbor], positive: Neighbor) -> RankedDocuments:
        return RankedDocuments(
            self.documents[np.array([one.index for one in best], dtype=np.int64)],
            np.array([one.score for one in best], dtype=np.float32),
            positive,
        )
