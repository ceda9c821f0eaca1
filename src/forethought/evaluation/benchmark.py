"""What a benchmark is made of: items, tasks, and the protocol that opens and scores them."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from forethought.errors import DataError
from forethought.evaluation.metrics import Metric
from forethought.types import Message, Side


@dataclass(frozen=True, slots=True)
class EvalItem:
    """One input of a benchmark, unopened: equal items are encoded once.

    `media` holds names that the benchmark itself resolves: an id, a path, a folder of frames.
    """

    instruction: str
    text: str = ""
    media: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EvalTask:
    """The queries of one (task, split), the documents they rank and the grades of these.

    `relevance` maps, for each query, the index of every relevant document to its grade, a
    positive number; binary relevance is the grade 1. `candidates` lists, for each query, the
    indices of the documents it ranks; by default every query ranks all documents. `answers`
    lists, for each query, the texts that a rationale may end in, if the task has such.

    Raises:
        DataError: if the fields differ in length, an index or a grade is out of range, a
            candidate occurs twice, or a query has no relevant document among its candidates.
    """

    name: str
    split: str
    queries: tuple[EvalItem, ...]
    documents: tuple[EvalItem, ...]
    relevance: tuple[Mapping[int, float], ...]
    candidates: tuple[tuple[int, ...], ...] | None = None
    answers: tuple[tuple[str, ...], ...] | None = None

    def __post_init__(self) -> None:
        by_query = {
            "relevance": self.relevance,
            "candidates": self.candidates,
            "answers": self.answers,
        }
        for kind, rows in by_query.items():
            if rows is not None and len(rows) != len(self.queries):
                raise DataError(
                    f"{self.label}: {len(rows)} rows of {kind} for {len(self.queries)} queries; "
                    "give one for each query"
                )
        for query in range(len(self.queries)):
            self._check(query)

    @property
    def label(self) -> str:
        """Task and split, as error messages name them."""
        return f"{self.name}, {self.split}"

    def grades(self) -> Float[np.ndarray, "Q C"]:
        """The grade of each query's candidates in their order, 0 where not relevant.

        Rows shorter than the longest list of candidates are filled with zeros.
        """
        lists = [self._candidates(query) for query in range(len(self.queries))]
        matrix = np.zeros((len(lists), max(map(len, lists), default=0)))
        for row, (candidates, grades) in enumerate(zip(lists, self.relevance, strict=True)):
            matrix[row, [candidates.index(document) for document in grades]] = [*grades.values()]
        return matrix

    def _candidates(self, query: int) -> Sequence[int]:
        return range(len(self.documents)) if self.candidates is None else self.candidates[query]

    def _check(self, query: int) -> None:
        where = f"{self.label}, query {query}"
        candidates, grades = self._candidates(query), self.relevance[query]
        if self.candidates is not None:
            _check_candidates(where, candidates, num_documents=len(self.documents))
        absent = [document for document in grades if document not in candidates]
        if absent:
            raise DataError(
                f"{where}: document {absent[0]} is relevant but not a candidate; add it to the "
                "candidates"
            )
        if not grades:
            raise DataError(f"{where}: no candidate is relevant; name one, or drop the query")
        invalid = [grade for grade in grades.values() if not (math.isfinite(grade) and grade > 0)]
        if invalid:
            raise DataError(f"{where}: grade {invalid[0]}; a relevant document has a positive one")


def _check_candidates(where: str, candidates: Sequence[int], *, num_documents: int) -> None:
    unknown = [document for document in candidates if not 0 <= document < num_documents]
    if unknown:
        raise DataError(
            f"{where}: candidate {unknown[0]} does not exist; the task has {num_documents} documents"
        )
    document, count = max(Counter(candidates).items(), key=itemgetter(1), default=(0, 0))
    if count > 1:
        raise DataError(f"{where}: candidate {document} occurs {count} times; list it once")


@runtime_checkable
class Benchmark(Protocol):
    """Tasks, the metrics they are scored by, and the media behind their items."""

    @property
    def title(self) -> str:
        """The name that reports print."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """What a reader of a score must know, as phrases for reports."""
        ...

    @property
    def revision(self) -> str:
        """Hexadecimal digits that change with the data."""
        ...

    @property
    def max_queries(self) -> int | None:
        """The cap on the queries of each split, None if none was set."""
        ...

    @property
    def tasks(self) -> Sequence[EvalTask]:
        """Every (task, split) that is scored."""
        ...

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Metrics by the key they are reported under; the first is the headline."""
        ...

    def message(self, item: EvalItem, side: Side) -> Message:
        """Open an item's media; called a batch of items at a time.

        Raises:
            ContentError: if a medium cannot be decoded.
        """
        ...
