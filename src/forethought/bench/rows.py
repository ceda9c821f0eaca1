"""What was measured: one row a rival, one bar a promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from forethought.bench.stock import Answer
from forethought.bench.timing import Times

COSINE = 0.999
"""What two vectors of one rationale must reach to be called the same."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a rival's vectors compare with ours where both wrote the same.

    `same` of `rows` rationales are equal token by token; `cosine` is the least of those.
    """

    rows: int
    same: int
    cosine: float

    @property
    def holds(self) -> bool:
        """Whether the rows compared are the same vectors, and there are any."""
        return self.same > 0 and self.cosine >= COSINE

    def __str__(self) -> str:
        if not self.same:
            return f"disagrees: 0/{self.rows} rationales alike"
        word = "agrees" if self.holds else "disagrees"
        return f"{word}: {self.same}/{self.rows} alike, cosine >= {self.cosine:.5f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One rival on one workload.

    `tokens` is what it decoded in a round, `padding` the share of padding in what it read
    first, `agreement` None where there is nothing to compare with. A rival that could not
    run has no `times` and says why in `note`.
    """

    group: str
    name: str
    inputs: int
    times: Times | None
    tokens: int = 0
    padding: float | None = None
    agreement: Agreement | None = None
    note: str = ""

    @property
    def rate(self) -> float:
        """Samples a second, by the median round."""
        return self.inputs / self.times.median if self.times else float("nan")


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times faster one row is than another, round by round."""

    median: float
    low: float
    high: float


def ratio(ours: Row, other: Row) -> Ratio | None:
    """Our samples a second over the other's, in the rounds they shared."""
    if ours.times is None or other.times is None:
        return None
    each = ours.inputs / other.inputs
    rounds = [
        each * theirs / mine
        for mine, theirs in zip(ours.times.seconds, other.times.seconds, strict=True)
    ]
    return Ratio(median(rounds), min(rounds), max(rounds))


def agreement(
    ours: Answer, other: Answer, *, written: Sequence[tuple[int, ...]] | None = None
) -> Agreement:
    """Compare the first rows of ours, with what we wrote there, to all rows of a rival."""
    rows = len(other.vectors)
    mine = ours.completions if written is None else written
    same = [row for row in range(rows) if tuple(mine[row]) == tuple(other.completions[row])]
    if not same:
        return Agreement(rows, 0, float("nan"))
    cosines = np.sum(ours.vectors[same] * other.vectors[same], axis=1)
    return Agreement(rows, len(same), float(cosines.min()))


@dataclass(frozen=True, slots=True)
class Bar:
    """One promise: the value must be at least, or at most, the limit.

    `value` None was not measured; `note` then says why.
    """

    what: str
    limit: float
    at_least: bool
    value: float | None
    unit: str = "x"
    low: float | None = None
    high: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """One of met, missed, not measured."""
        if self.value is None:
            return "not measured"
        met = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "met" if met else "missed"
