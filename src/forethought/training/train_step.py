"""From the number of a step to its loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import torch
from jaxtyping import Float
from torch import Tensor
from torch.distributed.tensor import DTensor

from forethought.errors import ConfigError, DataError
from forethought.training.objective import LossTerm, RunContext, StepInputs
from forethought.training.pair_batch import PairBatch, pair_batch
from forethought.training.reader import Reader
from forethought.training.recipe import Recipe
from forethought.training.rollouts import DrawnBatch, Rollouts
from forethought.training.stage import Stage
from forethought.types import Side

Terms = dict[str, Float[Tensor, ""]]


class NotFiniteError(ArithmeticError):
    """A hidden state that is not finite: no loss can be computed of it."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightedTerm:
    """One term of a stage's loss, ready to be computed."""

    name: str
    weight: float
    compute: LossTerm


@dataclass(frozen=True, slots=True, eq=False)
class StepBatch:
    """What one forward pass of a step takes: a batch of its stage, numbered over the run."""

    step: int
    number: int
    batch: DrawnBatch | None

    @property
    def examples(self) -> list[dict[str, object]]:
        """The index in the source, task and label of each of its pairs."""
        if self.batch is None:
            return []
        drawn = self.batch.drawn
        return [
            {"index": index, "task": pair.task, "label": pair.document.label}
            for index, pair in zip(drawn.indices, drawn.pairs, strict=True)
        ]


class TrainStep(torch.nn.Module):
    """The loss of a batch, as one module: what wraps it runs its hooks at each forward pass.

    `terms` are those of each stage, by its name.
    """

    def __init__(
        self,
        recipe: Recipe,
        rollouts: Rollouts,
        reader: Reader,
        *,
        terms: Mapping[str, Sequence[WeightedTerm]],
    ) -> None:
        super().__init__()
        self.network: torch.nn.Module = reader.backbone.network
        self.recipe, self.rollouts, self.reader, self.terms = recipe, rollouts, reader, terms

    def batches(self, step: int) -> list[StepBatch]:
        """The batches of a step, whose gradients are added up; the model may write rationales."""
        stage, index = self.recipe.stage_at(step)
        drawn = self.rollouts.take(step) if stage.batch else [None] * stage.accumulation
        before = takewhile(lambda each: each is not stage, self.recipe.stages)
        first = index * stage.accumulation + sum(each.steps * each.accumulation for each in before)
        return [StepBatch(step, number, batch) for number, batch in enumerate(drawn, first)]

    def forward(self, batch: StepBatch) -> tuple[Float[Tensor, ""], Terms]:
        """The weighted loss of a batch, and its terms.

        In a run of several processes it is that of all their pairs: once gradients are averaged
        over them, they are those of one process with the whole batch.

        Raises:
            ConfigError: if no objective has anything to compute, or one reads pairs in a stage
                that draws none.
            DataError: if none has because no example could be opened.
        """
        stage, _ = self.recipe.stage_at(batch.step)
        inputs = StepInputs(batch.number, lambda: self._pairs(batch, stage))
        terms: Terms = {}
        weighted = []
        for term in self.terms[stage.name]:
            value = term.compute(inputs)
            if value is not None:
                terms[term.name] = value
                weighted.append(term.weight * value)
        if not weighted:
            raise _nothing_to_learn(batch, stage)
        return torch.stack(weighted).sum() + self._touched(), terms

    def _pairs(self, batch: StepBatch, stage: Stage) -> PairBatch:
        if batch.batch is None:
            raise ConfigError(
                f"stage {stage.name!r} has an objective that reads pairs; set its batch to 2 or more"
            )
        drawn, builder = batch.batch.drawn, self.rollouts.builder
        rows = builder.rows(drawn, batch.batch.completions, stage)
        pairs = pair_batch(
            drawn.pairs,
            self.reader.read(rows.rows),
            rows.sides,
            documents_think=Side.DOCUMENT in builder.sides(stage),
            world=builder.world,
        )
        # Of all processes' pairs, so that each of them stops.
        thought = (pairs.thought_queries, pairs.thought_documents)
        for states in (pairs.queries, pairs.documents, *thought):
            if states is not None and not states.isfinite().all():
                raise NotFiniteError("a hidden state is not finite")
        return pairs

    def _touched(self) -> Float[Tensor, ""]:
        """Zero, with a gradient for every weight.

        Processes exchange the gradients of the same weights at the same time: one whose pairs
        have no picture or no rationale would leave some out.
        """
        zero = next(self.network.parameters()).new_zeros(())
        if self.rollouts.builder.world.size == 1:
            return zero
        for parameter in self.network.parameters():
            if parameter.requires_grad and not isinstance(parameter, DTensor):
                zero = zero + 0 * parameter.view(-1)[0].to(zero)
        return zero


def _nothing_to_learn(batch: StepBatch, stage: Stage) -> ConfigError | DataError:
    if batch.batch is not None and batch.batch.drawn.skipped:
        return DataError(
            f"step {batch.step}: none of its examples could be opened; `forethought data check` "
            "names the rows to repair or to leave out"
        )
    return ConfigError(
        f"step {batch.step}: no objective of stage {stage.name!r} has anything to learn from; add "
        "one that always has, such as 'direct'"
    )


def bind_terms(recipe: Recipe, run: RunContext) -> dict[str, tuple[WeightedTerm, ...]]:
    """Bind the objectives of every stage to a run.

    Raises:
        ConfigError: if one cannot be computed in this run.
    """
    return {
        stage.name: tuple(
            WeightedTerm(settings.term, settings.weight, settings.objective.bind(run))
            for settings in stage.objectives
        )
        for stage in recipe.stages
    }
