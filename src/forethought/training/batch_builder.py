"""From examples to the rows of a step: the same for the same seed and step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from forethought.data import ExampleSource, SkippedRowError, TaskBatches
from forethought.errors import ContentError, ModelError
from forethought.renderers import MmembR1Renderer, Renderer
from forethought.training.pair_batch import TrainPair
from forethought.training.reader import TrainRow
from forethought.training.row_length import check_length, leave_out
from forethought.training.stage import Stage
from forethought.training.world import World
from forethought.types import Document, Example, Prompt, Rationale, Side

Augment = Callable[[Example, np.random.Generator], Example]
"""Changes an example at random; its labels and its task stay."""

_AUGMENT, _CHOOSE = 1, 5
"""Streams of random numbers of a step."""


@dataclass(frozen=True, slots=True)
class PairRole:
    """What a step does with a pair besides reading it directly; see `Stage`."""

    self_generated: bool = False
    oracle: bool = False
    sft: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """The place of a pair among those of a run, the example that is drawn for it, and its role.

    `key` is step, sub-batch, and place in it: the pair's random numbers follow from it alone.
    """

    key: tuple[int, int, int]
    index: int
    role: PairRole


@dataclass(frozen=True, slots=True)
class _DrawnPair:
    """A pair at its place, with the prompts of its sides and of its hard negatives."""

    place: _Place
    pair: TrainPair
    query: Prompt
    document: Prompt
    negatives: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class DrawnPairs:
    """Pairs of a batch, rendered; `negatives` are those of all pairs in order.

    `indices` are those of their examples in the source; `skipped` others were left out. In a run
    of several processes they are this one's part of the batch.
    """

    indices: tuple[int, ...]
    pairs: tuple[TrainPair, ...]
    roles: tuple[PairRole, ...]
    queries: tuple[Prompt, ...]
    documents: tuple[Prompt, ...]
    negatives: tuple[Prompt, ...]
    skipped: int = 0

    def prompts(self, side: Side) -> tuple[Prompt, ...]:
        """The prompts of one side."""
        return self.queries if side is Side.QUERY else self.documents

    def rationales(self, side: Side) -> Iterator[Rationale | None]:
        """The true rationales of one side, where they are known."""
        for pair in self.pairs:
            yield pair.rationale if side is Side.QUERY else pair.document.rationale


@dataclass(frozen=True, slots=True)
class BatchRows:
    """The rows of a batch, and the side of each.

    All queries, then all documents, then all negatives; behind them the pairs that are read
    behind a rationale of the model and learn to write the true one, once more.
    """

    rows: tuple[TrainRow, ...]
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BatchBuilder:
    """Draws examples and lays them out as rows.

    `thinks` are the sides on which the model may write a rationale. A prompt with its true
    rationale has at most `max_tokens` tokens, None for the model's context: what is longer is never
    truncated, since the embed token is the last.
    """

    source: ExampleSource
    batches: TaskBatches
    renderer: Renderer
    thinks: frozenset[Side]
    augment: Augment | None
    seed: int
    max_tokens: int | None = None
    world: World = field(default_factory=World)

    def draw(self, step: int, stage: Stage, index: int = 0) -> DrawnPairs:
        """Draw and render the pairs of a step, of the `index`-th of its batches.

        Raises:
            DataError: if one cannot be opened or is too long, unless its source skips such rows.
        """
        mine = self.world.share(list(self._places(step, stage, index)))
        found: list[_DrawnPair] = []
        for place in mine:
            # What is drawn does not depend on what can be opened: the batch is smaller.
            with suppress(SkippedRowError):
                found.append(self._drawn(place, stage))
        return DrawnPairs(
            tuple(drawn.place.index for drawn in found),
            tuple(drawn.pair for drawn in found),
            tuple(drawn.place.role for drawn in found),
            tuple(drawn.query for drawn in found),
            tuple(drawn.document for drawn in found),
            tuple(prompt for drawn in found for prompt in drawn.negatives),
            skipped=len(mine) - len(found),
        )

    def _places(self, step: int, stage: Stage, index: int) -> Iterator[_Place]:
        for part, size in enumerate(stage.parts, index * len(stage.parts)):
            indices = self.batches.at(step, weights=stage.odds, size=size, part=part)
            roles = _roles(len(indices), stage)
            for place, (example, role) in enumerate(zip(indices, roles, strict=True)):
                yield _Place((step, part, place), example, role)

    def sides(self, stage: Stage) -> tuple[Side, ...]:
        """The sides that think in a stage."""
        return tuple(side for side in Side if side in self.thinks and side in stage.thinks)

    def prompts_to_complete(self, drawn: DrawnPairs, stage: Stage) -> list[Prompt]:
        """The prompts behind which the model writes, by side."""
        return [
            prompt
            for side in self.sides(stage)
            for prompt, role in zip(drawn.prompts(side), drawn.roles, strict=True)
            if role.self_generated
        ]

    def rows(
        self, drawn: DrawnPairs, completions: Sequence[tuple[int, ...]], stage: Stage
    ) -> BatchRows:
        """The rows of drawn pairs; `completions` answer `prompts_to_complete`."""
        written = iter(completions)
        rows: list[tuple[TrainRow, Side]] = []
        again: list[tuple[TrainRow, Side]] = []
        for side in Side:
            thinks = side in self.sides(stage)
            truths = drawn.rationales(side)
            for prompt, role, truth in zip(drawn.prompts(side), drawn.roles, truths, strict=True):
                if not thinks:
                    rows.append((TrainRow(prompt), side))
                elif role.self_generated:
                    rows.append((self._read(prompt, next(written)), side))
                    again += [(self._true(prompt, truth, role), side)] if role.sft else []
                else:
                    rows.append((self._true(prompt, truth, role), side))
        rows += [(TrainRow(prompt), Side.DOCUMENT) for prompt in drawn.negatives]
        rows += again
        return BatchRows(tuple(row for row, _ in rows), tuple(side for _, side in rows))

    def _drawn(self, place: _Place, stage: Stage) -> _DrawnPair:
        pair = self._pair(place, stage)
        try:
            drawn = _DrawnPair(
                place,
                pair,
                self.renderer.render(pair.query),
                self.renderer.render(pair.document.message),
                tuple(self.renderer.render(document.message) for document in pair.negatives),
            )
        except ContentError as error:
            leave_out(self.source, place.index, str(error))
        context = self.renderer.layout.context
        most = min(context, self.max_tokens or context)
        check_length(self.source, place.index, self._rows_alone(drawn, stage), most=most)
        return drawn

    def _rows_alone(self, drawn: _DrawnPair, stage: Stage) -> Iterator[TrainRow]:
        """The rows of a pair, as far as they are known before the model writes anything."""
        truths = {Side.QUERY: drawn.pair.rationale, Side.DOCUMENT: drawn.pair.document.rationale}
        prompts = {Side.QUERY: drawn.query, Side.DOCUMENT: drawn.document}
        for side in Side:
            thinks = side in self.sides(stage)
            role = drawn.place.role if thinks else PairRole()
            yield self._true(prompts[side], truths[side], role)
        yield from map(TrainRow, drawn.negatives)

    def _pair(self, place: _Place, stage: Stage) -> TrainPair:
        step, *rest = place.key
        example = self.source[place.index]
        if self.augment:
            example = self.augment(
                example, np.random.default_rng((self.seed, step, _AUGMENT, *rest))
            )
        choice = np.random.default_rng((self.seed, step, _CHOOSE, *rest))
        return TrainPair(
            task=example.task,
            query=example.query,
            rationale=example.rationale,
            document=_some(example.positives, 1, choice)[0],
            negatives=_some(example.negatives, stage.negatives, choice),
            answers=example.labels,
        )

    def _read(self, prompt: Prompt, completion: tuple[int, ...]) -> TrainRow:
        """A row that is read behind a completion, at its embed token."""
        return TrainRow(prompt, completion, thought_at=self._embed_at(completion))

    def _true(self, prompt: Prompt, truth: Rationale | None, role: PairRole) -> TrainRow:
        """A row with its true rationale, as far as its role has a use for it."""
        if not (role.sft or role.oracle):
            return TrainRow(prompt)
        if truth is None:
            return self._without_rationale(prompt, role)
        completion = self.renderer.write(truth)
        thought_at = self._embed_at(completion) if role.oracle else None
        return TrainRow(prompt, completion, supervised=role.sft, thought_at=thought_at)

    def _without_rationale(self, prompt: Prompt, role: PairRole) -> TrainRow:
        """Where a completion's first token decides on a rationale, it learns to decide on none."""
        if not (role.sft and isinstance(self.renderer, MmembR1Renderer)):
            return TrainRow(prompt)
        _, direct = self.renderer.actions
        return TrainRow(prompt, (direct,), supervised=True)

    def _embed_at(self, completion: tuple[int, ...]) -> int:
        """The index of a completion's last embed token, which every one has."""
        expected = self.renderer.completion_format
        if expected is None:
            raise ModelError("this format has no rationales; leave thinking out of the stage")
        return len(completion) - 1 - completion[::-1].index(expected.embed_id)


def _some(
    documents: tuple[Document, ...], count: int, rng: np.random.Generator
) -> tuple[Document, ...]:
    """At most `count` of the documents, drawn without replacement."""
    if len(documents) <= count:
        return documents
    return tuple(documents[index] for index in rng.permutation(len(documents))[:count])


def _roles(size: int, stage: Stage) -> list[PairRole]:
    """What a sub-batch's pairs are used for, in order; see `Stage`."""
    written = round(size * stage.self_generated)
    oracle = range(written, min(size, written + round(size * stage.oracle)))
    sft = {index % size for index in range(written, written + round(size * stage.sft))}
    return [PairRole(index < written, index in oracle, index in sft) for index in range(size)]
