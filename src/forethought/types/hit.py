"""What a search finds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hit:
    """One document, how near it is, and its place among the others.

    `score` is the cosine to the query, in [-1, 1]; `rank` counts from 1.
    """

    document: str
    score: float
    rank: int
