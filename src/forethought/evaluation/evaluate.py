"""Scores of one encoder on every task of a benchmark, query by query."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Real

from forethought.encoders import Encoder, check_thinking
from forethought.evaluation.benchmark import Benchmark, EvalItem, EvalTask
from forethought.evaluation.metrics import Metric, ranked_grades
from forethought.evaluation.ranking import Ranking, rank
from forethought.evaluation.scores import candidate_scores
from forethought.types import (
    Embeddings,
    Ending,
    Progress,
    Rationale,
    Side,
    Think,
    concatenate,
)

CHUNK_SIZE = 256
"""How many items are opened at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class TaskResult:
    """One system on one (task, split): metrics and cost of each query.

    `exact` is 1 where the rationale's answer is one of the task's answers and 0 where it is not,
    NaN where nothing was thought or the task has no answers.
    """

    model: str
    think: Think
    task: str
    split: str
    metrics: Mapping[str, Float[np.ndarray, " Q"]]
    tokens: Real[np.ndarray, " Q"]
    exact: Float[np.ndarray, " Q"]
    endings: Mapping[Ending, int]
    """How many rationales ended in which way; direct vectors have none."""
    ranking: Ranking | None = None
    """None for a row that pools several tasks."""

    @property
    def system(self) -> str:
        """Model and thinking mode, as reports name them."""
        return f"{self.model} {self.think}"


def evaluate(
    benchmark: Benchmark,
    encoder: Encoder,
    *,
    think: Sequence[Think],
    documents_think: Think = Think.NEVER,
    chunk_size: int = CHUNK_SIZE,
    progress: Progress | None = None,
) -> list[TaskResult]:
    """Encode every distinct item, rank each query's candidates by cosine, and score the ranking.

    Documents are encoded once, queries once for each mode in `think`.

    Args:
        chunk_size: how many items are opened at a time.
        progress: counts encoded items.

    Raises:
        DataError: if a vector is NaN.
        ContractError: if the encoder does not align the modes of queries and documents.
        ContentError: if a medium cannot be decoded.
    """
    for mode in think:
        check_thinking(encoder, queries=mode, documents=documents_think)
    documents = _rows(item for task in benchmark.tasks for item in task.documents)
    queries = _rows(item for task in benchmark.tasks for item in task.queries)
    total = len(documents) + len(think) * len(queries)
    encode = _Encode(benchmark, encoder, chunk_size, progress, total)
    pool = encode(list(documents), Side.DOCUMENT, documents_think).vectors
    results = []
    for mode in think:
        encoded = encode(list(queries), Side.QUERY, mode)
        results += [
            _result(
                task,
                queries=encoded,
                rows=np.array([queries[item] for item in task.queries]),
                documents=pool[[documents[item] for item in task.documents]],
                system=(encoder.name, mode),
                metrics=benchmark.metrics,
            )
            for task in benchmark.tasks
        ]
    return results


def _rows(items: Iterable[EvalItem]) -> dict[EvalItem, int]:
    """Distinct items in order of appearance, with their row among the vectors."""
    return {item: row for row, item in enumerate(dict.fromkeys(items))}


@dataclass(slots=True)
class _Encode:
    """Encodes items a chunk at a time, and reports progress over all calls."""

    benchmark: Benchmark
    encoder: Encoder
    chunk_size: int
    progress: Progress | None
    total: int
    done: int = 0

    def __call__(self, items: Sequence[EvalItem], side: Side, think: Think) -> Embeddings:
        parts = []
        for start in range(0, len(items), self.chunk_size):
            chunk = items[start : start + self.chunk_size]
            messages = [self.benchmark.message(item, side) for item in chunk]
            parts.append(
                self.encoder.encode(messages, side=side, think=think, progress=self._report)
            )
            self.done += len(chunk)
        return concatenate(parts)

    def _report(self, done: int, total: int, label: str = "", /) -> None:
        del total  # of this chunk
        if self.progress:
            self.progress(self.done + done, self.total, label)


def _result(
    task: EvalTask,
    *,
    queries: Embeddings,
    rows: Int[np.ndarray, " Q"],
    documents: Float[np.ndarray, "P D"],
    system: tuple[str, Think],
    metrics: Mapping[str, Metric],
) -> TaskResult:
    scores, grades = candidate_scores(task, queries.vectors[rows], documents), task.grades()
    ranked = ranked_grades(scores, grades)
    rationales = [queries.rationales[row] for row in rows]
    model, think = system
    return TaskResult(
        model=model,
        think=think,
        task=task.name,
        split=task.split,
        metrics={name: metric(ranked) for name, metric in metrics.items()},
        tokens=queries.tokens[rows],
        exact=_exact(rationales, task.answers),
        endings=dict(Counter(one.ending for one in rationales if one is not None)),
        ranking=rank(task, scores, grades),
    )


def _exact(
    rationales: Sequence[Rationale | None], answers: Sequence[Sequence[str]] | None
) -> Float[np.ndarray, " Q"]:
    """Whether each rationale ends in an answer, whatever its case and outer spaces."""
    exact = np.full(len(rationales), np.nan)
    if answers is not None:
        for row, (rationale, right) in enumerate(zip(rationales, answers, strict=True)):
            if rationale is not None:
                exact[row] = _plain(rationale.answer) in map(_plain, right)
    return exact


def _plain(text: str) -> str:
    return text.strip().casefold()
