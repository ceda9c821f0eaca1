"""What a case returns for its inputs, and what was measured of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from jaxtyping import Float

from benchmarks.workload_inputs import Input
from forethought.doctor import Times

MIN_COSINE = 0.999
"""Two vectors of one rationale agree from this cosine on."""


@dataclass(frozen=True, slots=True, eq=False)
class EmbedOutput:
    """Vectors and completions of some inputs, in their order.

    A completion ends with its embed token; it is empty where nothing was decoded.
    """

    vectors: Float[np.ndarray, "N D"]
    completions: tuple[tuple[int, ...], ...]


EmbedFn = Callable[[Sequence[Input]], EmbedOutput]
"""One way to embed inputs: ours, or a baseline's."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How vectors compare with ours of the same rationales.

    `same` of `rows` rationales equal ours token by token; `cosine` is the least of all rows.
    """

    rows: int
    same: int
    cosine: float

    @property
    def holds(self) -> bool:
        """Whether all vectors are the same."""
        return self.cosine >= MIN_COSINE

    def __str__(self) -> str:
        word = "agrees" if self.holds else "disagrees"
        return f"{word}: {self.same}/{self.rows}, cosine {self.cosine:.5f}"


@dataclass(frozen=True, slots=True)
class Result:
    """One case of one group of comparisons.

    `tokens` were decoded in a round, `batch` inputs ran at a time, `padding` is the share of
    padding in the prefills, `agreement` is None where there is nothing to compare with. A case
    that could not run has no `times` and the reason in `note`.
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
        """Samples a second, by the median round; NaN if it did not run."""
        return self.inputs / self.times.median if self.times else float("nan")


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times faster one case is than another: median and range over the rounds."""

    median: float
    low: float
    high: float


def ratio(ours: Result, other: Result) -> Ratio | None:
    """Our samples a second over the other's, round by round; None if either did not run."""
    if ours.times is None or other.times is None:
        return None
    scale = ours.inputs / other.inputs
    rounds = [
        scale * theirs / mine
        for mine, theirs in zip(ours.times.seconds, other.times.seconds, strict=True)
    ]
    return Ratio(median(rounds), min(rounds), max(rounds))


def agreement(
    ours: Float[np.ndarray, "N D"], theirs: Float[np.ndarray, "N D"], *, same: int | None = None
) -> Agreement:
    """Compare vectors row by row; `same` rationales are equal, by default all."""
    rows = len(theirs)
    cosine = float(np.sum(ours * theirs, axis=1).min())
    return Agreement(rows, rows if same is None else same, cosine)
