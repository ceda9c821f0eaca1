"""What a run of mining found, and some of it to read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScoredText:
    """The words of a document, or the name of its file, and its cosine to the query."""

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class MinedExample:
    """A query, its lowest positive and its negatives, to judge by reading. `line` counts from 1."""

    line: int
    query: str
    positive: ScoredText
    negatives: tuple[ScoredText, ...]

    @property
    def gap(self) -> float:
        """How far the nearest negative is below the positive."""
        return self.positive.score - self.negatives[0].score


@dataclass(frozen=True, slots=True)
class MiningReport:
    """Counts and scores of the negatives that were mined.

    Args:
        encoder, revision: what ranked the documents.
        checked_by: the second encoder, or "".
        documents: how many different ones there were to choose from.
        examples: how many lines there are with so many mined negatives each.
        candidates: documents of the ranks that were considered, over all different queries.
        removed: how many of them each filter removed, of those that the ones before it left.
        relabelled: documents whose content has several labels; each label's queries would have
            the other's documents for negatives.
        positive_score, negative_score, gap: means over the negatives, of the query's lowest
            positive, of the negative, and of their difference; None without any.
        hardest, drawn: examples to read, of the smallest gap and drawn at random.
    """

    encoder: str
    revision: str
    checked_by: str
    documents: int
    examples: dict[int, int]
    candidates: int
    removed: dict[str, int]
    relabelled: int
    positive_score: float | None
    negative_score: float | None
    gap: float | None
    hardest: tuple[MinedExample, ...]
    drawn: tuple[MinedExample, ...]

    @property
    def negatives(self) -> int:
        """The number of negatives that were written."""
        return sum(count * lines for count, lines in self.examples.items())
