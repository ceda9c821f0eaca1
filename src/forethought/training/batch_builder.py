"""From examples to the rows of a step: the same for the same seed and step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from forethought.data import ExampleSource, TaskBatches
from forethought.renderers import Renderer
from forethought.training.pair_batch import TrainPair
from forethought.training.reader import TrainRow
from forethought.training.stage import Stage
from forethought.types import Document, Example, Prompt, Rationale, Side

Augment = Callable[[Example, np.random.Generator], Example]
"""Changes an example at random; its labels and its task stay."""

_AUGMENT, _CHOOSE = 1, 5
"""Streams of random numbers of a step."""


@dataclass(frozen=True, slots=True)
class DrawnPairs:
    """The pairs of a step, rendered; `negatives` are those of all pairs in order."""

    pairs: tuple[TrainPair, ...]
    queries: tuple[Prompt, ...]
    documents: tuple[Prompt, ...]
    negatives: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BatchBuilder:
    """Draws examples and lays them out as rows.

    `thinks` are the sides on which the model may write a rationale.
    """

    source: ExampleSource
    batches: TaskBatches
    renderer: Renderer
    thinks: frozenset[Side]
    augment: Augment | None
    seed: int

    def draw(self, step: int, stage: Stage) -> DrawnPairs:
        """Draw and render the pairs of a step."""
        indices = self.batches.at(step, weights=stage.odds, size=stage.batch)
        rng = np.random.default_rng((self.seed, step, _AUGMENT))
        examples = [self.source[index] for index in indices]
        if self.augment:
            examples = [self.augment(example, rng) for example in examples]
        choice = np.random.default_rng((self.seed, step, _CHOOSE))
        pairs = tuple(_pair(example, stage.negatives, choice) for example in examples)
        negatives = (document for pair in pairs for document in pair.negatives)
        return DrawnPairs(
            pairs,
            tuple(self.renderer.render(pair.query) for pair in pairs),
            tuple(self.renderer.render(pair.document.message) for pair in pairs),
            tuple(self.renderer.render(document.message) for document in negatives),
        )

    def prompts_to_complete(self, drawn: DrawnPairs, stage: Stage) -> list[Prompt]:
        """The prompts behind which the model writes: of the first pairs, each side that thinks."""
        count, _ = _bounds(len(drawn.pairs), stage)
        sides = {Side.QUERY: drawn.queries, Side.DOCUMENT: drawn.documents}
        return [prompt for side in Side if side in self.thinks for prompt in sides[side][:count]]

    def rows(
        self, drawn: DrawnPairs, completions: Sequence[tuple[int, ...]], stage: Stage
    ) -> list[TrainRow]:
        """All queries, then all documents, then all negatives.

        Of the pairs, the first are read behind `completions`, which answer
        `prompts_to_complete`; the next are supervised where they have a true rationale; the rest
        are direct.
        """
        first_sft, first_direct = _bounds(len(drawn.pairs), stage)
        written = iter(completions)
        truths = {
            Side.QUERY: [pair.rationale for pair in drawn.pairs],
            Side.DOCUMENT: [pair.document.rationale for pair in drawn.pairs],
        }
        prompts = {Side.QUERY: drawn.queries, Side.DOCUMENT: drawn.documents}
        rows = []
        for side in Side:
            for index, prompt in enumerate(prompts[side]):
                if side in self.thinks and index < first_sft:
                    rows.append(TrainRow(prompt, next(written)))
                elif side in self.thinks and index < first_direct:
                    rows.append(self._supervised(prompt, truths[side][index]))
                else:
                    rows.append(TrainRow(prompt))
        return rows + [TrainRow(prompt) for prompt in drawn.negatives]

    def _supervised(self, prompt: Prompt, rationale: Rationale | None) -> TrainRow:
        if rationale is None:
            return TrainRow(prompt)
        return TrainRow(prompt, self.renderer.write(rationale), supervised=True)


def _pair(example: Example, num_negatives: int, rng: np.random.Generator) -> TrainPair:
    return TrainPair(
        task=example.task,
        query=example.query,
        rationale=example.rationale,
        document=_some(example.positives, 1, rng)[0],
        negatives=_some(example.negatives, num_negatives, rng),
        answers=example.labels,
    )


def _some(
    documents: tuple[Document, ...], count: int, rng: np.random.Generator
) -> tuple[Document, ...]:
    """At most `count` of the documents, drawn without replacement."""
    if len(documents) <= count:
        return documents
    return tuple(documents[index] for index in rng.permutation(len(documents))[:count])


def _bounds(num_pairs: int, stage: Stage) -> tuple[int, int]:
    """The index of the first supervised pair of a batch, and of the first direct one."""
    first_sft = round(num_pairs * stage.self_generated)
    return first_sft, first_sft + round(num_pairs * stage.sft)
