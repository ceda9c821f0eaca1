"""Select a rationale for every input of a file of examples."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from forethought.data import Candidate
from forethought.selection.choose import (
    Choice,
    ScoredCandidate,
    SelectionRule,
    choose,
    limit_rate,
)
from forethought.selection.effects import Effect
from forethought.selection.pair_index import PairIndex, Place
from forethought.selection.scorer import Scorer, ScoreRequest
from forethought.selection.scores_file import Score
from forethought.selection.selection_inputs import SelectionInputs
from forethought.types import Ending, Progress, Rationale, Side, ignore_progress


@dataclass(frozen=True, slots=True)
class SelectedInput:
    """An input with its candidates and the choice among them."""

    place: Place
    task: str
    candidates: tuple[ScoredCandidate, ...]
    choice: Choice

    @property
    def chosen(self) -> ScoredCandidate | None:
        """The selected candidate."""
        index = self.choice.chosen
        return None if index is None else self.candidates[index]


@dataclass(frozen=True, slots=True)
class SwappedEffect:
    """The effect of a rationale of another input, beside those of an input's candidates."""

    place: Place
    swapped: Effect
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was selected by which rule, and the swap test."""

    rule: SelectionRule
    inputs: tuple[SelectedInput, ...]
    swaps: tuple[SwappedEffect, ...] = ()


def select_inputs(
    inputs: SelectionInputs,
    rule: SelectionRule,
    *,
    scorers: Mapping[Side, Scorer],
    progress: Progress = ignore_progress,
) -> Selection:
    """Select a rationale, or none, for every query, or document, or both, if it has candidates.

    Args:
        scorers: the scorer of the inputs of each side; empty if the rule needs no scores.

    Raises:
        ConfigError: if there are no candidates of a named worker, or none at all.
        ContentError: if an input cannot be opened, or is too long.
        DataError: if scores cannot be stored.
        ModelError: if a score is not finite.
    """
    by_place = inputs.by_place()
    selected: list[SelectedInput] = []
    swaps: list[SwappedEffect] = []
    for side in Side:
        places = inputs.index.places(side) if any(p.side is side for p in by_place) else []
        screened = {place: inputs.screen(place, by_place[place]) for place in places}
        if side in scorers:
            scored, found = _scored(inputs, screened, scorer=scorers[side], progress=progress)
            screened |= scored
            swaps += found
        selected += _selected(inputs.index, screened, rule)
    return Selection(rule, tuple(selected), tuple(swaps))


def _scored(
    inputs: SelectionInputs,
    screened: Mapping[Place, tuple[ScoredCandidate, ...]],
    *,
    scorer: Scorer,
    progress: Progress,
) -> tuple[dict[Place, tuple[ScoredCandidate, ...]], list[SwappedEffect]]:
    """The candidates with their scores, and the swap test."""
    usable = {
        place: [one for one in candidates if not one.refused]
        for place, candidates in screened.items()
    }
    usable = {place: found for place, found in usable.items() if found}
    swapped = _swapped(inputs, usable) if scorer.has_effects else {}
    most = scorer.num_negatives if inputs.num_negatives is None else inputs.num_negatives
    requests = [
        ScoreRequest(
            place,
            inputs.index.targets(place, most) if scorer.has_effects else (),
            tuple(
                _rationale(one.candidate)
                for one in (*candidates, *filter(None, [swapped.get(place)]))
            ),
        )
        for place, candidates in usable.items()
    ]
    scores = dict(zip(usable, scorer.run(requests, progress), strict=True))
    found = {}
    for place, candidates in usable.items():
        new = iter(_with_scores(candidates, scores[place], has_effects=scorer.has_effects))
        found[place] = tuple(one if one.refused else next(new) for one in screened[place])
    swaps = [
        SwappedEffect(
            place,
            _effect(scores[place][-1]),
            tuple(_effect(score) for score in scores[place][:-1]),
        )
        for place in swapped
    ]
    return found, swaps


def _swapped(
    inputs: SelectionInputs, usable: Mapping[Place, Sequence[ScoredCandidate]]
) -> dict[Place, ScoredCandidate]:
    """A rationale of another input of the same task for some inputs."""
    index = inputs.index
    by_task: dict[str, dict[int, ScoredCandidate]] = defaultdict(dict)
    for place, candidates in usable.items():
        by_task[index.task(place.line)].setdefault(place.line, candidates[0])
    order = sorted(usable, key=lambda place: index.order(place.line))
    found: dict[Place, ScoredCandidate] = {}
    for place in order[: inputs.num_swaps]:
        others = by_task[index.task(place.line)]
        line = index.unrelated(place.line, [*others])
        if line is not None:
            found[place] = others[line]
    return found


def _with_scores(
    candidates: Sequence[ScoredCandidate], scores: Sequence[Score], *, has_effects: bool
) -> list[ScoredCandidate]:
    pairs = zip(candidates, scores, strict=False)
    if has_effects:
        return [replace(one, effect=_effect(score)) for one, score in pairs]
    return [replace(one, log_likelihood=score[0]) for one, score in pairs]


def _effect(score: Score) -> Effect:
    gain, margin, without, bounds = score
    return Effect(gain, margin, without, int(bounds))


def _selected(
    index: PairIndex, screened: Mapping[Place, tuple[ScoredCandidate, ...]], rule: SelectionRule
) -> list[SelectedInput]:
    by_task: dict[str, list[Place]] = defaultdict(list)
    choices: dict[Place, Choice] = {}
    for place, candidates in screened.items():
        by_task[index.task(place.line)].append(place)
        choices[place] = choose(candidates, rule, key=index.key(place))
    for places in by_task.values() if rule.rate is not None else ():
        limited = limit_rate([choices[place] for place in places], rule.rate or 1.0)
        choices |= dict(zip(places, limited, strict=True))
    return [
        SelectedInput(place, index.task(place.line), candidates, choices[place])
        for place, candidates in screened.items()
    ]


def _rationale(candidate: Candidate) -> Rationale:
    return Rationale(candidate.thinking, candidate.answer, Ending.EMBED)
