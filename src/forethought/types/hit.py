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
