"""The counterfactual effect of a rationale: what it changes about a pair's score."""

from dataclasses import dataclass

import numpy as np

from forethought.errors import ModelError
from forethought.selection.evaluator import PairScores


@dataclass(frozen=True, slots=True)
class Effect:
    """What one rationale changes, in nats (after MMEmb-R1, arXiv 2604.06156; the form is ours).

    With c the score of a query q and a target t, after a rationale r or without one (∅):

    `gain` is Δ⁺ = c(q, t⁺, r) - c(q, t⁺, ∅). `margin` is Δ⁺ less the largest gain of a negative; it
    is Δ⁺ where there are no negatives. `without` is c(q, t⁺, ∅). `bounds` counts the scores behind
    them of which only a bound is known.
    """

    gain: float
    margin: float
    without: float
    bounds: int = 0

    @property
    def is_false_helpful(self) -> bool:
        """Whether it moves a negative closer than the positive, which it moves closer too."""
        return self.gain > 0 > self.margin


def effects_of(scores: PairScores) -> list[Effect]:
    """The effect of each rationale.

    Raises:
        ModelError: if a score is not finite.
    """
    if not (np.isfinite(scores.after).all() and np.isfinite(scores.without).all()):
        raise ModelError(
            "the evaluator's score is not finite; use a higher precision (--dtype float32), and "
            "check the weights with `forethought doctor`"
        )
    gains = scores.after.astype(np.float64) - scores.without
    margins = gains[:, 0] - gains[:, 1:].max(axis=1) if gains.shape[1] > 1 else gains[:, 0]
    bounds = scores.bounds or (0,) * len(gains)
    columns = zip(gains[:, 0], margins, scores.without[:, 0], bounds, strict=True)
    return [Effect(float(a), float(b), float(c), count) for a, b, c, count in columns]
