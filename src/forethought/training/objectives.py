"""The objectives that a recipe may name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from jaxtyping import Float
from torch import Tensor

from forethought.losses import next_token
from forethought.training.contrastive import CrossModeContrast, DirectContrast, ThoughtContrast
from forethought.training.objective import LossTerm, Objective, RunContext, StepInputs


@dataclass(frozen=True, slots=True)
class RationaleTokens:
    """Next-token loss over the true rationales of the pairs that a stage's `sft` takes."""

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        states = inputs.pairs.states
        return next_token(states.logits, states.targets) if len(states.targets) else None


OBJECTIVES: Mapping[str, type[Objective]] = MappingProxyType(
    {
        "direct": DirectContrast,
        "thought": ThoughtContrast,
        "cross_mode": CrossModeContrast,
        "next_token": RationaleTokens,
    }
)
"""Any other objective is named by its import path. All of these read a batch of pairs."""

SHARES: Mapping[str, str] = MappingProxyType(
    {"thought": "self_generated", "cross_mode": "self_generated", "next_token": "sft"}
)
"""The share of a batch without which an objective never has anything to learn from."""
