"""What was measured: one row a rival, one bar a promise."""

from dataclasses import dataclass
from statistics import median

import numpy as np
from jaxtyping import Float

from benchmarks.timing import Times

COSINE = 0.999
"""What two vectors of one rationale must reach to be called the same."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a rival's vectors compare with ours of the same rationales.

    `same` of `rows` rationales are ours token by token; `cosine` is the least of all rows.
    """

    rows: int
    same: int
    cosine: float

    @property
    def holds(self) -> bool:
        """Whether all rows are the same vectors."""
        return self.cosine >= COSINE

    def __str__(self) -> str:
        word = "agrees" if self.holds else "disagrees"
        return f"{word}: {self.same}/{self.rows}, cosine {self.cosine:.5f}"


@dataclass(frozen=True, slots=True)
class Row:
    """One rival on one workload.

    `tokens` is what it decoded in a round, `batch` how many inputs it ran at a time,
    `padding` the share of padding in what it read first, `agreement` None where there is
    nothing to compare with. A rival that could not run has no `times` and says why in `note`.
    """

    group: str
    name: str
    inputs: int
    times: Times | None
    tokens: int = 0
    padding: float | None = None
    agreement: Agreement | None = None
    note: str = ""
    batch: int = 0

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
    ours: Float[np.ndarray, "N D"], theirs: Float[np.ndarray, "N D"], *, same: int | None = None
) -> Agreement:
    """Compare vectors row by row; of `same` rows, by default all, the rationales are alike."""
    rows = len(theirs)
    cosine = float(np.sum(ours * theirs, axis=1).min())
    return Agreement(rows, rows if same is None else same, cosine)


@dataclass(frozen=True, slots=True)
class Bar:
    """One promise: the value must be at least, or at most, the limit.

    `value` None was not measured; `note` then says why. `rival` names the row that ours is
    held against, of the same `group`, where it is one row. One of a size that it was not made for
    is not `judged`.
    """

    what: str
    limit: float
    at_least: bool
    value: float | None
    unit: str = "x"
    low: float | None = None
    high: float | None = None
    note: str = ""
    group: str = ""
    rival: str = ""
    judged: bool = True

    @property
    def verdict(self) -> str:
        """One of met, missed, not measured, not judged."""
        if self.value is None:
            return "not measured"
        if not self.judged:
            return "not judged"
        met = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "met" if met else "missed"
