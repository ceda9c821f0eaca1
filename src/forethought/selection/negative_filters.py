"""Which documents near a query may be its hard negatives; false negatives are filtered by score."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Int

from forethought.errors import ConfigError
from forethought.types import Neighbor


class SamplingStrategy(StrEnum):
    """Which of the documents that pass are taken."""

    TOP = "top"
    """Those of the highest score."""
    RANDOM = "random"
    """Any of them, with equal odds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NegativeRule:
    """How hard negatives are chosen, in the terms of Sentence Transformers' `mine_hard_negatives`.

    All scores are cosines. The positive's is that of the query's lowest positive, so that with
    several the strictest counts. None is no filter.

    Args:
        num_negatives: at most so many a query.
        range_min: the rank of the first document considered, from 0; ranks count the documents
            that do not answer the query, the nearest first.
        range_max: the rank of the first one no longer considered.
        max_score, min_score: bounds of a negative's score.
        absolute_margin: how far a negative's score must be below the positive's.
        relative_margin: the same, as a share of the positive's absolute score. 0.05 is the best
            of NV-Retriever's filters (TopK-PercPos at 95 %: arXiv 2407.15831, section 4.2).
        sampling_strategy: which of the documents that pass are taken.

    Raises:
        ConfigError: if a value is out of range.
    """

    num_negatives: int = 3
    range_min: int = 0
    range_max: int = 100
    max_score: float | None = None
    min_score: float | None = None
    absolute_margin: float | None = None
    relative_margin: float | None = 0.05
    sampling_strategy: SamplingStrategy = SamplingStrategy.TOP

    def __post_init__(self) -> None:
        if self.num_negatives < 1:
            raise ConfigError(f"num_negatives must be at least 1, got {self.num_negatives}")
        if self.range_min < 0:
            raise ConfigError(f"range_min must be at least 0, got {self.range_min}")
        if self.range_max - self.range_min < self.num_negatives:
            raise ConfigError(
                f"the ranks from range_min={self.range_min} to under range_max={self.range_max} "
                f"hold fewer than num_negatives={self.num_negatives}; raise range_max"
            )
        for name in ("absolute_margin", "relative_margin"):
            margin = getattr(self, name)
            if margin is not None and not (margin >= 0 and math.isfinite(margin)):
                raise ConfigError(f"{name} must be at least 0, got {margin:g}")
        low, high = self.min_score, self.max_score
        if any(score is not None and not -1 <= score <= 1 for score in (low, high)):
            raise ConfigError(f"min_score={low} and max_score={high} must be cosines, from -1 to 1")
        if low is not None and high is not None and low > high:
            raise ConfigError(f"min_score={low} is above max_score={high}; no score passes")


@dataclass(frozen=True, slots=True, eq=False)
class RankedDocuments:
    """Documents by their number, nearest to a query first, with their scores.

    `positive` is the query's lowest positive.
    """

    documents: Int[np.ndarray, " C"]
    scores: Float[np.ndarray, " C"]
    positive: Neighbor

    def __len__(self) -> int:
        return len(self.documents)

    def __getitem__(
        self, rows: Bool[np.ndarray, " C"] | Int[np.ndarray, " K"] | slice
    ) -> "RankedDocuments":
        return RankedDocuments(self.documents[rows], self.scores[rows], self.positive)


def filter_by_score(
    ranked: RankedDocuments, rule: NegativeRule
) -> tuple[RankedDocuments, dict[str, int]]:
    """The documents that pass every filter, and how many each removed, of those left to it."""
    removed: dict[str, int] = {}
    for name, passes in _filters(ranked.positive.score, rule):
        is_good = passes(ranked.scores)
        removed[name] = int((~is_good).sum())
        ranked = ranked[is_good]
    return ranked, removed


def sample(
    ranked: RankedDocuments, rule: NegativeRule, rng: np.random.Generator
) -> RankedDocuments:
    """At most `num_negatives` of the documents, by falling score."""
    if rule.sampling_strategy is SamplingStrategy.TOP or len(ranked) <= rule.num_negatives:
        return ranked[: rule.num_negatives]
    return ranked[np.sort(rng.permutation(len(ranked))[: rule.num_negatives])]


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Passes scores from `low` to `high`."""

    low: float = -math.inf
    high: float = math.inf

    def __call__(self, scores: Float[np.ndarray, " C"]) -> Bool[np.ndarray, " C"]:
        return (scores >= self.low) & (scores <= self.high)


def _filters(positive: float, rule: NegativeRule) -> Iterator[tuple[str, _Bounds]]:
    if rule.absolute_margin is not None:
        yield "absolute_margin", _Bounds(high=positive - rule.absolute_margin)
    if rule.relative_margin is not None:
        # Not positive x (1 - margin), which would rise above a positive of less than 0.
        yield "relative_margin", _Bounds(high=positive - abs(positive) * rule.relative_margin)
    if rule.max_score is not None:
        yield "max_score", _Bounds(high=rule.max_score)
    if rule.min_score is not None:
        yield "min_score", _Bounds(low=rule.min_score)
