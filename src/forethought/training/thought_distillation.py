"""Distillation of thinking into the direct vector, which costs no tokens."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from forethought.losses import pointwise, relational
from forethought.training.objective import LossTerm, RunContext, StepInputs


@dataclass(frozen=True, slots=True)
class ThoughtDistillation:
    """Direct query states learn from the thought states of the same queries.

    The sum of two terms: one less the cosine to the thought state, and the divergence from its
    ranking of the batch's documents to that of the direct state. Thought states are targets: no
    gradient reaches them.

    Raises:
        ValueError: if the temperature of the rankings is not positive.
    """

    temperature: float

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise ValueError(f"temperature must be positive, got {self.temperature}")

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        batch, thinking = inputs.pairs, inputs.pairs.thinking
        if not len(thinking):
            return None
        direct, thought = batch.queries[thinking], batch.thought_queries.detach()
        ranking = relational(
            direct,
            batch.documents,
            target_queries=thought,
            target_documents=batch.documents.detach(),
            temperature=self.temperature,
        )
        return pointwise(direct, thought) + ranking
