"""Which rationale of an input is selected, and why none is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from forethought.data import Candidate
from forethought.errors import ConfigError
from forethought.selection.effects import Effect


class SelectBy(StrEnum):
    """What the best rationale of an input is the best by."""

    MARGIN = "margin"
    """Its effect on the positive, less that on the most affected negative."""
    COUNTERFACTUAL = "counterfactual"
    """Its effect on the positive."""
    LIKELIHOOD = "likelihood"
    """Its mean log-likelihood; a control that does not depend on the target."""
    RANDOM = "random"
    """A draw; a control."""
    FIRST = "first"
    """The first worker's first sample; a control."""

    @property
    def has_effects(self) -> bool:
        """Whether it needs an evaluator."""
        return self in {SelectBy.MARGIN, SelectBy.COUNTERFACTUAL}


class Outcome(StrEnum):
    """What became of an input."""

    CHOSEN = "a rationale"
    NO_CANDIDATE = "no candidate"
    REFUSED = "every candidate refused"
    EASY = "easy without"
    NO_GAIN = "no gain"
    NO_MARGIN = "no margin"
    BELOW_RATE = "below the rate"


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """How a rationale is selected.

    Args:
        by: the order of rationales.
        min_gain, min_margin: ε₁ and ε₂ in nats, which Δ⁺ and Δ_m must exceed. `COUNTERFACTUAL` has
            no second bound, the controls have none.
        easy: an input whose target scores above this without a rationale gets none, as no effect
            can be measured there.
        rate: in place of the two bounds, at most this share of each task's inputs, those of the
            largest effects, which must be positive.
        soft: β of the soft posterior: instead of the best, one of those above the bounds is drawn,
            with probability ∝ exp(Δ / β), where Δ is what `by` orders by. None takes the best.
        seed: of all draws.

    Raises:
        ConfigError: if a number is out of its range, or options do not go together.
    """

    by: SelectBy = SelectBy.MARGIN
    min_gain: float = 0.2
    min_margin: float = 0.2
    easy: float = 6.0
    rate: float | None = None
    soft: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 < self.rate <= 1:
            raise ConfigError(f"the rate must be in (0, 1], got {self.rate}")
        if self.soft is not None and not self.soft > 0:
            raise ConfigError(f"β of the soft posterior must be positive, got {self.soft}")
        if self.soft is not None and not self.by.has_effects:
            raise ConfigError(
                f"the soft posterior draws by effects, which selection by {self.by} has none of: "
                "select by margin or counterfactual"
            )
        if self.seed < 0:
            raise ConfigError(f"the seed must be 0 or more, got {self.seed}")

    @property
    def bounds(self) -> tuple[float, float]:
        """What Δ⁺ and Δ_m must exceed."""
        if self.by is SelectBy.COUNTERFACTUAL:
            return (0.0 if self.rate else self.min_gain), -np.inf
        return (0.0, 0.0) if self.rate else (self.min_gain, self.min_margin)

    def passes(self, effect: Effect) -> bool:
        """Whether an effect is above the bounds, and the input not easy."""
        gain, margin = self.bounds
        return effect.without <= self.easy and effect.gain > gain and effect.margin > margin


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A candidate with what it was scored by; `refused` is why it may not be selected."""

    candidate: Candidate
    effect: Effect | None = None
    log_likelihood: float | None = None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The index of the selected candidate, or None; and of the best one, which may be refused."""

    outcome: Outcome
    chosen: int | None = None
    best: int | None = None
    strength: float = 0.0
    """What the best one was the best by."""


def choose(candidates: Sequence[ScoredCandidate], rule: SelectionRule, *, key: str) -> Choice:
    """Select one of an input's candidates, or none; all draws depend on the seed and `key` alone."""
    usable = [index for index, one in enumerate(candidates) if not one.refused]
    if not usable:
        return Choice(Outcome.REFUSED if candidates else Outcome.NO_CANDIDATE)
    rng = np.random.default_rng([rule.seed, *key.encode()])
    strengths = dict(
        zip(usable, _strengths([candidates[i] for i in usable], rule, rng), strict=True)
    )
    best = max(usable, key=lambda index: strengths[index])
    outcome = _outcome(candidates[best].effect, rule)
    chosen = best if outcome is Outcome.CHOSEN else None
    if rule.soft is not None:
        chosen = _draw(candidates, strengths, rule=rule, rng=rng)
        outcome = outcome if chosen is None else Outcome.CHOSEN
    return Choice(outcome, chosen, best, strengths[best])


def limit_rate(choices: Sequence[Choice], rate: float) -> list[Choice]:
    """The choices of one task with at most this share of rationales, the strongest ones."""
    chosen = [index for index, one in enumerate(choices) if one.chosen is not None]
    chosen.sort(key=lambda index: -choices[index].strength)
    over = set(chosen[int(rate * len(choices) + 1e-9) :])
    return [
        Choice(Outcome.BELOW_RATE, None, one.best, one.strength) if index in over else one
        for index, one in enumerate(choices)
    ]


def _strengths(
    candidates: Sequence[ScoredCandidate], rule: SelectionRule, rng: np.random.Generator
) -> list[float]:
    if rule.by is SelectBy.RANDOM:
        return [float(draw) for draw in rng.random(len(candidates))]
    if rule.by is SelectBy.FIRST:
        # The order among inputs, which a rate is a share of, is a draw.
        draw = float(rng.random())
        return [draw - index for index in range(len(candidates))]
    return [_strength(one, rule.by) for one in candidates]


def _strength(one: ScoredCandidate, by: SelectBy) -> float:
    if by is SelectBy.LIKELIHOOD:
        assert one.log_likelihood is not None  # noqa: S101 - every usable candidate is scored
        return one.log_likelihood
    assert one.effect is not None  # noqa: S101 - as above
    return one.effect.margin if by is SelectBy.MARGIN else one.effect.gain


def _outcome(effect: Effect | None, rule: SelectionRule) -> Outcome:
    """What becomes of an input whose best rationale has this effect."""
    if not rule.by.has_effects or effect is None:
        return Outcome.CHOSEN
    gain, margin = rule.bounds
    if effect.without > rule.easy:
        return Outcome.EASY
    if effect.gain <= gain:
        return Outcome.NO_GAIN
    return Outcome.CHOSEN if effect.margin > margin else Outcome.NO_MARGIN


def _draw(
    candidates: Sequence[ScoredCandidate],
    strengths: dict[int, float],
    *,
    rule: SelectionRule,
    rng: np.random.Generator,
) -> int | None:
    passing = [
        index
        for index in strengths
        if (effect := candidates[index].effect) is not None and rule.passes(effect)
    ]
    if not passing or rule.soft is None:
        return None
    logits = np.array([strengths[index] for index in passing]) / rule.soft
    odds = np.exp(logits - logits.max())
    return passing[int(rng.choice(len(passing), p=odds / odds.sum()))]
