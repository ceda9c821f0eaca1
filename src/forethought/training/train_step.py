"""From the number of a step to its loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.errors import ConfigError
from forethought.training.objective import LossTerm, RunContext, StepInputs
from forethought.training.pair_batch import PairBatch, pair_batch
from forethought.training.reader import Reader
from forethought.training.recipe import Recipe
from forethought.training.rollouts import Rollouts
from forethought.training.stage import Stage
from forethought.types import Side

Terms = dict[str, Float[Tensor, ""]]


@dataclass(frozen=True, slots=True, eq=False)
class WeightedTerm:
    """One term of a stage's loss, ready to be computed."""

    name: str
    weight: float
    compute: LossTerm


@dataclass(frozen=True, slots=True, eq=False)
class TrainStep:
    """Computes the loss of any step; `terms` are those of each stage, by its name."""

    recipe: Recipe
    rollouts: Rollouts
    reader: Reader
    terms: Mapping[str, Sequence[WeightedTerm]]

    def loss(self, step: int) -> tuple[Float[Tensor, ""], Terms]:
        """The weighted loss of a step, and its terms.

        Raises:
            ConfigError: if no objective has anything to compute, or one reads pairs in a stage
                that draws none.
        """
        stage, _ = self.recipe.stage_at(step)
        inputs = StepInputs(step, lambda: self._pairs(step, stage))
        terms: Terms = {}
        weighted = []
        for term in self.terms[stage.name]:
            value = term.compute(inputs)
            if value is not None:
                terms[term.name] = value
                weighted.append(term.weight * value)
        if not weighted:
            raise ConfigError(
                f"step {step}: no objective of stage {stage.name!r} has anything to learn from; "
                "add one that always has, such as 'direct'"
            )
        return torch.stack(weighted).sum(), terms

    def _pairs(self, step: int, stage: Stage) -> PairBatch:
        if not stage.batch:
            raise ConfigError(
                f"stage {stage.name!r} has an objective that reads pairs; set its batch to 2 or more"
            )
        drawn, completions = self.rollouts.take(step)
        rows = self.rollouts.builder.rows(drawn, completions, stage)
        return pair_batch(
            drawn.pairs,
            self.reader.read(rows),
            documents_think=Side.DOCUMENT in self.rollouts.builder.thinks,
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
