"""Which messages an input is scored against: its positive, negatives, and rationales of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from forethought.data import DocumentLine, ExampleLine, ExampleLines, QueryLine, digest_of
from forethought.types import Side

QUERY = -1
"""Of a `Place`: the query of its line."""


@dataclass(frozen=True, slots=True)
class Place:
    """A query or a document of a file: the index of its line, and of a document among all of them.

    The documents of a line are its positives, then its negatives.
    """

    line: int
    document: int = QUERY

    @property
    def side(self) -> Side:
        """The side of retrieval it is on."""
        return Side.QUERY if self.document == QUERY else Side.DOCUMENT

    def of(self, line: ExampleLine) -> QueryLine | DocumentLine:
        """The part of its line."""
        return line.query if self.side is Side.QUERY else _documents(line)[self.document]


@dataclass(frozen=True, slots=True)
class _Labelled:
    """What negatives are drawn by."""

    task: str
    labels: frozenset[str]
    num_positives: int
    num_negatives: int
    key: int
    """A number that depends on the query alone."""


class PairIndex:
    """The targets of every input of a file.

    An example's negatives are its hard ones; where it has none, documents of other examples of its
    task are drawn, which answer no query equal to its own. The negatives of a document are
    queries that it does not answer.
    """

    def __init__(self, lines: ExampleLines, *, seed: int = 0) -> None:
        self.lines, self.seed = lines, seed
        self._examples: list[_Labelled] = []
        self._documents: dict[str, dict[str, Place]] = {}
        self._queries: dict[str, dict[int, Place]] = {}
        self._answers: dict[tuple[str, int], set[str]] = {}
        for index, line in enumerate(lines):
            self._add(index, line)
        self._listed = {task: list(found.items()) for task, found in self._documents.items()}
        self._listed_queries = {task: list(found.values()) for task, found in self._queries.items()}

    @property
    def folder(self) -> Path:
        """What paths of media are relative to."""
        return self.lines.path.parent

    def __len__(self) -> int:
        return len(self._examples)

    def task(self, line: int) -> str:
        """The task of an example."""
        return self._examples[line].task

    def places(self, side: Side) -> list[Place]:
        """Every query, or every positive."""
        if side is Side.QUERY:
            return [Place(line) for line in range(len(self))]
        return [
            Place(line, document)
            for line, example in enumerate(self._examples)
            for document in range(example.num_positives)
        ]

    def labels(self, line: int) -> frozenset[str]:
        """The labels of all documents that answer an example's query, in any line of its task."""
        example = self._examples[line]
        return example.labels.union(self._answers[example.task, example.key])

    def key(self, place: Place) -> str:
        """What draws about an input depend on: the query, and the number of the document."""
        return f"{self._examples[place.line].key:x} {place.document}"

    def targets(self, source: Place, count: int) -> tuple[Place, ...]:
        """The positive of an input, then at most `count` negatives."""
        if source.side is Side.DOCUMENT:
            return (Place(source.line), *self._other_queries(source, count))
        example, positive = self._examples[source.line], Place(source.line, 0)
        if example.num_negatives:
            first = example.num_positives
            mined = range(first, first + min(count, example.num_negatives))
            return (positive, *(Place(source.line, document) for document in mined))
        return (positive, *self._other_documents(source.line, count))

    def unrelated(self, line: int, among: Sequence[int]) -> int | None:
        """Another example of `among`, of the same task, whose documents do not answer this query."""
        labels, order = self.labels(line), self._rng(line, 1).permutation(len(among)).tolist()
        for position in order:
            other: int = among[position]
            if self.task(other) == self.task(line) and not labels & self.labels(other):
                return other
        return None

    def order(self, line: int) -> float:
        """A number in [0, 1) that depends on the seed and the query alone."""
        return float(self._rng(line, 2).random())

    def _add(self, index: int, line: ExampleLine) -> None:
        labels = frozenset(one.resolved_label for one in line.positives)
        key = int(digest_of(line.query), 16)
        counts = len(line.positives), len(line.negatives)
        self._examples.append(_Labelled(line.task, labels, *counts, key))
        self._answers.setdefault((line.task, key), set()).update(labels)
        documents = self._documents.setdefault(line.task, {})
        for document, one in enumerate(_documents(line)):
            documents.setdefault(one.resolved_label, Place(index, document))
        self._queries.setdefault(line.task, {}).setdefault(key, Place(index))

    def _other_documents(self, line: int, count: int) -> list[Place]:
        labels, listed = self.labels(line), self._listed[self.task(line)]
        drawn = self._draw(line, len(listed), count + len(labels))
        return [place for label, place in map(listed.__getitem__, drawn) if label not in labels][
            :count
        ]

    def _other_queries(self, source: Place, count: int) -> list[Place]:
        listed = self._listed_queries[self.task(source.line)]
        label = self.lines[source.line].positives[source.document].resolved_label
        # Some of those drawn may be answered by the document.
        drawn = map(listed.__getitem__, self._draw(source.line, len(listed), 4 * (count + 1)))
        return [place for place in drawn if label not in self.labels(place.line)][:count]

    def _draw(self, line: int, total: int, count: int) -> list[int]:
        chosen = self._rng(line, 0).choice(total, size=min(total, count), replace=False)
        return [int(index) for index in chosen]

    def _rng(self, line: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, purpose, self._examples[line].key])


def _documents(line: ExampleLine) -> tuple[DocumentLine, ...]:
    return (*line.positives, *line.negatives)
