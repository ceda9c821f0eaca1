"""One result of a search."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hit:
    """A document, its score and its rank.

    `score` is the cosine to the query, in [-1, 1]; `rank` counts from 1.
    """

    document: str
    score: float
    rank: int


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A row of a matrix and its cosine to a query, in [-1, 1]."""

    index: int
    score: float
