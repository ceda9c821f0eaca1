"""What a selection came to, in numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forethought.selection.choose import Outcome, ScoredCandidate, SelectionRule
from forethought.selection.effects import Effect
from forethought.selection.select_inputs import Selection


@dataclass(frozen=True, slots=True)
class Share:
    """A number of inputs or candidates, and how many of them are meant."""

    count: int
    total: int

    @property
    def rate(self) -> float:
        """The share; NaN of nothing."""
        return self.count / self.total if self.total else float("nan")


@dataclass(frozen=True, slots=True)
class EffectSummary:
    """Mean effects of some candidates, the false-helpful among them, and those that pass the rule.

    A candidate is false-helpful if it moves a negative closer than the positive, which it moves
    closer too.
    """

    count: int
    gain: float
    margin: float
    false_helpful: Share
    passing: Share


@dataclass(frozen=True, slots=True)
class WorkerSummary:
    """One worker's candidates: how many, refused ones, their effects, and how many were selected."""

    worker: str
    candidates: int
    refused: int
    effects: EffectSummary
    likelihood: float
    chosen: Share


@dataclass(frozen=True, slots=True)
class SelectionReport:
    """The numbers of a selection.

    `chosen` are the effects of the selected rationales; they are the largest of several noisy ones,
    so they overstate. `swapped` are rationales of other inputs, `beside_swapped` the candidates of
    the same inputs. `refusals` counts candidates, `outcomes` inputs. `bounds` counts scores of which
    only a bound is known.
    """

    rule: SelectionRule
    tasks: dict[str, Share]
    outcomes: dict[Outcome, int]
    candidates: EffectSummary
    chosen: EffectSummary
    workers: tuple[WorkerSummary, ...]
    refusals: dict[str, int]
    swapped: EffectSummary
    beside_swapped: EffectSummary
    bounds: int

    @property
    def rate(self) -> Share:
        """The share of inputs with a rationale."""
        return Share(self.outcomes.get(Outcome.CHOSEN, 0), sum(self.outcomes.values()))


def summarise(selection: Selection) -> SelectionReport:
    """The numbers of a selection."""
    inputs, rule = selection.inputs, selection.rule
    every = [one for each in inputs for one in each.candidates]
    chosen = [each.chosen for each in inputs if each.chosen is not None]
    tasks = dict.fromkeys(each.task for each in inputs)
    of_task = {task: [each for each in inputs if each.task == task] for task in tasks}
    outcomes = Counter(each.choice.outcome for each in inputs)
    refusals = Counter(one.refused for one in every if one.refused)
    return SelectionReport(
        rule=rule,
        tasks={
            task: Share(sum(each.chosen is not None for each in found), len(found))
            for task, found in of_task.items()
        },
        outcomes={outcome: outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
        candidates=_effects(every, rule),
        chosen=_effects(chosen, rule),
        workers=_workers(every, chosen, rule),
        refusals=dict(refusals.most_common()),
        swapped=summarise_effects([one.swapped for one in selection.swaps], rule),
        beside_swapped=summarise_effects(
            [effect for one in selection.swaps for effect in one.effects], rule
        ),
        bounds=sum(one.effect.bounds for one in every if one.effect),
    )


def summarise_effects(effects: Sequence[Effect], rule: SelectionRule) -> EffectSummary:
    """The summary of some effects; means of none are NaN."""
    return EffectSummary(
        count=len(effects),
        gain=_mean([one.gain for one in effects]),
        margin=_mean([one.margin for one in effects]),
        false_helpful=Share(sum(one.is_false_helpful for one in effects), len(effects)),
        passing=Share(sum(map(rule.passes, effects)), len(effects)),
    )


def _effects(candidates: Sequence[ScoredCandidate], rule: SelectionRule) -> EffectSummary:
    return summarise_effects([one.effect for one in candidates if one.effect is not None], rule)


def _workers(
    every: Sequence[ScoredCandidate], chosen: Sequence[ScoredCandidate], rule: SelectionRule
) -> tuple[WorkerSummary, ...]:
    names = sorted({one.candidate.worker for one in every})
    counts = Counter(one.candidate.worker for one in chosen)
    summaries = []
    for name in names:
        found = [one for one in every if one.candidate.worker == name]
        likelihoods = [one.log_likelihood for one in found if one.log_likelihood is not None]
        summaries.append(
            WorkerSummary(
                worker=name,
                candidates=len(found),
                refused=sum(bool(one.refused) for one in found),
                effects=_effects(found, rule),
                likelihood=_mean(likelihoods),
                chosen=Share(counts[name], len(chosen)),
            )
        )
    return tuple(summaries)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
