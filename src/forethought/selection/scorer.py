"""Score what has no score yet, some inputs at a time, and store it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from forethought.data import ExampleLines, MediaFolder, open_message
from forethought.errors import ContentError
from forethought.selection.effects import effects_of
from forethought.selection.evaluator import Evaluator, PairGroup, Target
from forethought.selection.likelihood import RationaleLikelihood
from forethought.selection.pair_index import Place
from forethought.selection.scores_file import Score, ScoresFile
from forethought.selection.side_digest import SideDigests, digest
from forethought.types import Message, Progress, Rationale

VERSION = 1
"""Changes with what a score means."""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """An input, the targets that its rationales are scored by, and the rationales."""

    source: Place
    targets: tuple[Place, ...]
    rationales: tuple[Rationale, ...]


@dataclass(frozen=True, slots=True)
class _Pending:
    """The part of a request that has no scores yet, and the key of each rationale."""

    request: ScoreRequest
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Scorer:
    """Scores of rationales, computed or stored: the numbers of an `Effect`, or a log-likelihood."""

    lines: ExampleLines
    evaluator: Evaluator | RationaleLikelihood
    file: ScoresFile
    batch_size: int = 32
    _digests: SideDigests = field(init=False, repr=False)
    _places: dict[Place, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_digests", SideDigests(self.lines.path.parent))

    @property
    def has_effects(self) -> bool:
        """Whether the numbers are those of effects."""
        return not isinstance(self.evaluator, RationaleLikelihood)

    @property
    def num_negatives(self) -> int:
        """How many negatives an input is scored against by default."""
        return (
            0 if isinstance(self.evaluator, RationaleLikelihood) else self.evaluator.num_negatives
        )

    def run(self, requests: Sequence[ScoreRequest], progress: Progress) -> list[list[Score]]:
        """The numbers of every rationale of each request; `progress` counts those computed.

        Raises:
            ContentError: if an input cannot be opened, or is too long.
            DataError: if the file of scores cannot be written, or there is nothing to score against.
            ModelError: if a score is not finite.
        """
        keys = [self._keys(request) for request in requests]
        parts = [self._pending(*one) for one in zip(requests, keys, strict=True)]
        total, done = sum(len(one.keys) for one in parts), 0
        waiting = iter([one for one in parts if one.keys])
        while batch := list(islice(waiting, self.batch_size)):
            scores = self._score(batch)
            every = (key for one in batch for key in one.keys)
            self.file.add(zip(every, scores, strict=True))
            done += len(scores)
            progress(done, total)
        return [[self.file[key] for key in part] for part in keys]

    def _pending(self, request: ScoreRequest, keys: Sequence[str]) -> _Pending:
        missing = {
            key: rationale
            for key, rationale in zip(keys, request.rationales, strict=True)
            if key not in self.file
        }
        rest = ScoreRequest(request.source, request.targets, tuple(missing.values()))
        return _Pending(rest, tuple(missing))

    def _keys(self, request: ScoreRequest) -> list[str]:
        places = (request.source, *request.targets)
        context = [VERSION, *self.evaluator.settings, *map(self._digest, places)]
        return [digest([context, one.thinking, one.answer]) for one in request.rationales]

    def _digest(self, place: Place) -> str:
        if place not in self._places:
            self._places[place] = self._digests.of(place.of(self.lines[place.line]), place.side)
        return self._places[place]

    def _score(self, batch: Sequence[_Pending]) -> list[Score]:
        """The numbers of all rationales of a batch; an input of no use is named."""
        try:
            return self._numbers([self._group(one.request) for one in batch])
        except ContentError as error:
            if len(batch) == 1:
                raise ContentError(
                    f"{self.lines.place(batch[0].request.source.line)}: {error}"
                ) from None
        return [score for one in batch for score in self._score([one])]

    def _numbers(self, groups: Sequence[PairGroup]) -> list[Score]:
        if isinstance(self.evaluator, RationaleLikelihood):
            return [(score,) for part in self.evaluator.score(groups) for score in part]
        effects = [one for scores in self.evaluator.score(groups) for one in effects_of(scores)]
        return [(one.gain, one.margin, one.without, float(one.bounds)) for one in effects]

    def _group(self, request: ScoreRequest) -> PairGroup:
        targets = [Target(self._digest(one), partial(self._open, one)) for one in request.targets]
        return PairGroup(self._open(request.source), tuple(targets), request.rationales)

    def _open(self, place: Place) -> Message:
        part = place.of(self.lines[place.line])
        return open_message(part, place.side, MediaFolder(self.lines.path.parent))
