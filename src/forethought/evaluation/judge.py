"""What each query of each task came to, for one encoder and one way of thinking."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from forethought.encoders import Encoder
from forethought.evaluation.metrics import measure
from forethought.nano.benchmark import Benchmark, Item, Task
from forethought.types import Embeddings, Ending, Progress, Side, Think, concatenate

SCORE_DECIMALS = 6
"""Cosines are compared to float32's precision, so equal vectors tie whatever batch they came in."""

_CHUNK = 256  # decoded pictures held at a time


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One system on one (task, split): every metric and price, query by query."""

    model: str
    think: Think
    task: str
    split: str
    metrics: dict[str, Float[np.ndarray, " Q"]]
    tokens: Int[np.ndarray, " Q"]
    endings: dict[Ending, int]
    """How many rationales ended how; direct vectors count nowhere."""

    @property
    def system(self) -> str:
        """Which model thought how, as a report names it."""
        return f"{self.model} {self.think}"


def judge(
    benchmark: Benchmark,
    encoder: Encoder,
    *,
    think: Sequence[Think],
    documents_think: Think = Think.NEVER,
    progress: Progress | None = None,
) -> list[Judged]:
    """Embed every item once a mode, rank each pool by cosine, and measure.

    Pools are embedded once for all modes; `think` is about the queries.

    Raises:
        DataError: if a vector is NaN.
    """
    pool = _distinct(item for task in benchmark.tasks for item in task.documents)
    asked = _distinct(item for task in benchmark.tasks for item in task.queries)
    encode = _Encode(benchmark, encoder, progress, total=num_items(benchmark, num_modes=len(think)))
    documents = encode(list(pool), Side.DOCUMENT, documents_think).vectors
    judged = []
    for mode in think:
        queries = encode(list(asked), Side.QUERY, mode)
        judged += [
            _measure(
                task,
                queries=queries,
                rows=np.array([asked[item] for item in task.queries]),
                documents=documents[[pool[item] for item in task.documents]],
                label=(encoder.name, mode),
            )
            for task in benchmark.tasks
        ]
    return judged


def num_items(benchmark: Benchmark, *, num_modes: int) -> int:
    """How many items `judge` encodes: what its progress adds up to."""
    pool = _distinct(item for task in benchmark.tasks for item in task.documents)
    asked = _distinct(item for task in benchmark.tasks for item in task.queries)
    return len(pool) + num_modes * len(asked)


@dataclass(slots=True)
class _Encode:
    benchmark: Benchmark
    encoder: Encoder
    progress: Progress | None
    total: int
    done: int = 0

    def __call__(self, items: Sequence[Item], side: Side, think: Think) -> Embeddings:
        parts = []
        for start in range(0, len(items), _CHUNK):
            chunk = items[start : start + _CHUNK]
            messages = [self.benchmark.message(item, side) for item in chunk]
            parts.append(
                self.encoder.encode(messages, side=side, think=think, progress=self._report)
            )
            self.done += len(chunk)
        return concatenate(parts)

    def _report(self, done: int, total: int, label: str = "", /) -> None:
        """Progress of one chunk as progress over all items."""
        del total
        if self.progress:
            self.progress(self.done + done, self.total, label)


def _distinct(items: Iterable[Item]) -> dict[Item, int]:
    return {item: row for row, item in enumerate(dict.fromkeys(items))}


def _measure(
    task: Task,
    *,
    queries: Embeddings,
    rows: Int[np.ndarray, " Q"],
    documents: Float[np.ndarray, "P D"],
    label: tuple[str, Think],
) -> Judged:
    written = (queries.rationales[row] for row in rows)
    return Judged(
        model=label[0],
        think=label[1],
        task=task.name,
        split=task.split,
        metrics=measure(cosines(queries.vectors[rows], documents), task.relevance()),
        tokens=queries.tokens[rows],
        endings=dict(Counter(one.ending for one in written if one is not None)),
    )


def cosines(
    queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "P D"]
) -> Float[np.ndarray, "Q P"]:
    """Every query against every document of its pool, to `SCORE_DECIMALS`; NaN stays NaN."""
    scores: Float[np.ndarray, "Q P"] = _unit(queries) @ _unit(documents).T
    return scores.round(SCORE_DECIMALS)


def _unit(vectors: Float[np.ndarray, "N D"]) -> Float[np.ndarray, "N D"]:
    exact: Float[np.ndarray, "N D"] = vectors.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    unit: Float[np.ndarray, "N D"] = exact / np.maximum(lengths, np.finfo(np.float64).tiny)
    return unit
