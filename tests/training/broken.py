"""An objective whose loss is infinite from some batch on."""

from dataclasses import dataclass

import torch

from forethought.training import LossTerm, RunContext, StepInputs


@dataclass(frozen=True, slots=True)
class BrokenFrom:
    """Zero before the batch of that number."""

    number: int

    def bind(self, run: RunContext) -> LossTerm:
        del run
        return self._loss

    def _loss(self, inputs: StepInputs) -> torch.Tensor:
        factor = torch.inf if inputs.number >= self.number else 0.0
        return factor * inputs.pairs.queries.square().sum()
