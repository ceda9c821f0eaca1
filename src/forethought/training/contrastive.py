"""Contrastive objectives: InfoNCE among direct states, among thought states, and across them.

The temperature divides cosines. Documents that answer a query are never its negatives.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.losses import info_nce
from forethought.training.objective import LossTerm, RunContext, StepInputs


@dataclass(frozen=True, slots=True)
class DirectContrast:
    """InfoNCE between direct states, in both directions.

    Queries choose among all documents of the batch, documents among its queries.

    Raises:
        ValueError: if the temperature is not positive.
    """

    temperature: float

    def __post_init__(self) -> None:
        _check(self.temperature)

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""]:
        batch = inputs.pairs
        return _both_ways(
            batch.queries, batch.documents, batch.answered, temperature=self.temperature
        )


@dataclass(frozen=True, slots=True)
class ThoughtContrast:
    """InfoNCE between thought states, among the pairs that think.

    Where documents never think, their direct states take part.

    Raises:
        ValueError: if the temperature is not positive.
    """

    temperature: float

    def __post_init__(self) -> None:
        _check(self.temperature)

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        batch = inputs.pairs
        if not len(batch.thinking):
            return None
        documents = batch.thought_documents
        return _both_ways(
            batch.thought_queries,
            batch.documents[batch.thinking] if documents is None else documents,
            batch.answered[batch.thinking][:, batch.thinking],
            temperature=self.temperature,
        )


@dataclass(frozen=True, slots=True)
class CrossModeContrast:
    """InfoNCE from thought states of one side to direct states of the other.

    It puts both kinds of vectors into one space, so that any side of an index may think.

    Raises:
        ValueError: if the temperature is not positive.
    """

    temperature: float

    def __post_init__(self) -> None:
        _check(self.temperature)

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        batch, thinking = inputs.pairs, inputs.pairs.thinking
        if not len(thinking):
            return None
        to_direct = info_nce(
            batch.thought_queries,
            batch.documents,
            thinking,
            temperature=self.temperature,
            ignored=batch.answered[thinking],
        )
        if batch.thought_documents is None:
            return to_direct
        size = len(batch.queries)
        from_direct = info_nce(
            batch.thought_documents,
            batch.queries,
            thinking,
            temperature=self.temperature,
            ignored=batch.answered[:, :size].T[thinking],
        )
        return (to_direct + from_direct) / 2


def _check(temperature: float) -> None:
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}; 0.02 to 0.1 is usual")


def _both_ways(
    queries: Float[Tensor, "Q D"],
    documents: Float[Tensor, "P D"],
    answered: Bool[Tensor, "Q P"],
    *,
    temperature: float,
) -> Float[Tensor, ""]:
    """The mean of both directions; the first Q documents are the queries' positives."""
    size = len(queries)
    positives: Int[Tensor, " Q"] = torch.arange(size, device=queries.device)
    there = info_nce(queries, documents, positives, temperature=temperature, ignored=answered)
    back = info_nce(
        documents[:size],
        queries,
        positives,
        temperature=temperature,
        ignored=answered[:, :size].T,
    )
    return (there + back) / 2
