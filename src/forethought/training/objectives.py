"""The objectives that a recipe may name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.training.contrastive import CrossModeContrast, DirectContrast, ThoughtContrast
from forethought.training.objective import LossTerm, Objective, RunContext, StepInputs
from forethought.training.thought_distillation import ThoughtDistillation
from forethought.types import Side


@dataclass(frozen=True, slots=True)
class RationaleTokens:
    """Next-token loss over the true rationales of the pairs that a stage's `sft` takes.

    The mean over the tokens of all of them, or of one `side` alone.
    """

    side: Side | None = None

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        batch = inputs.pairs
        tokens = {Side.QUERY: batch.query_tokens, Side.DOCUMENT: batch.document_tokens}
        losses = torch.cat([tokens[side] for side in Side if self.side in {None, side}])
        return losses.mean() if len(losses) else None


OBJECTIVES: Mapping[str, type[Objective]] = MappingProxyType(
    {
        "direct": DirectContrast,
        "thought": ThoughtContrast,
        "cross_mode": CrossModeContrast,
        "thought_distillation": ThoughtDistillation,
        "next_token": RationaleTokens,
    }
)
"""Any other objective is named by its import path. All of these read a batch of pairs."""

_THOUGHT = ("self_generated", "oracle")
SHARES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "thought": _THOUGHT,
        "cross_mode": _THOUGHT,
        "thought_distillation": _THOUGHT,
        "next_token": ("sft",),
    }
)
"""The shares of a batch without which an objective never has anything to learn from."""
