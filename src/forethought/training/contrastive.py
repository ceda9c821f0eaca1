"""Contrastive objectives: InfoNCE among direct states, among thought states, and across them.

Documents that answer a query are never its negatives.
"""

from dataclasses import dataclass
from enum import StrEnum

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.losses import info_nce, matryoshka
from forethought.training.objective import LossTerm, RunContext, StepInputs


class Directions(StrEnum):
    """What InfoNCE chooses among."""

    BOTH = "both"
    TO_DOCUMENTS = "to_documents"


@dataclass(frozen=True, slots=True)
class _Contrast:
    """What contrastive objectives have in common.

    `temperature` divides cosines. Queries choose among all documents of the batch; with
    `directions` "both", documents among its queries too, and the mean of both is taken. With
    `dims` the loss is the mean over vectors cut to each of them, weighted by `dim_weights` if
    they are given; see `losses.matryoshka`.

    Raises:
        ValueError: if the temperature is not positive, or weights are not one a dimension.
    """

    temperature: float
    directions: Directions = Directions.BOTH
    dims: tuple[int, ...] = ()
    dim_weights: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.temperature <= 0:
            raise ValueError(
                f"temperature must be positive, got {self.temperature}; 0.02 to 0.1 is usual"
            )
        if self.dim_weights and len(self.dim_weights) != len(self.dims):
            raise ValueError(
                f"dim_weights must be one for each of the {len(self.dims)} dims, got "
                f"{[*self.dim_weights]}"
            )

    def _contrast(
        self,
        queries: Float[Tensor, "Q D"],
        documents: Float[Tensor, "P D"],
        *,
        positives: Int[Tensor, " Q"],
        ignored: Bool[Tensor, "Q P"],
    ) -> Float[Tensor, ""]:
        """InfoNCE from one side to the other, over all dimensions."""

        def loss(
            queries: Float[Tensor, "Q D"], documents: Float[Tensor, "P D"]
        ) -> Float[Tensor, ""]:
            return info_nce(
                queries, documents, positives, temperature=self.temperature, ignored=ignored
            )

        if not self.dims:
            return loss(queries, documents)
        weights = self.dim_weights or (1.0,) * len(self.dims)
        return matryoshka(loss, queries, documents, dims=self.dims, weights=weights)

    def _pairs(
        self,
        queries: Float[Tensor, "Q D"],
        documents: Float[Tensor, "P D"],
        answered: Bool[Tensor, "Q P"],
    ) -> Float[Tensor, ""]:
        """InfoNCE of pairs: the first Q documents are the queries' positives."""
        size = len(queries)
        positives = torch.arange(size, device=queries.device)
        there = self._contrast(queries, documents, positives=positives, ignored=answered)
        if self.directions is Directions.TO_DOCUMENTS:
            return there
        back = self._contrast(
            documents[:size], queries, positives=positives, ignored=answered[:, :size].T
        )
        return (there + back) / 2


@dataclass(frozen=True, slots=True)
class DirectContrast(_Contrast):
    """InfoNCE between direct states."""

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        batch = inputs.pairs
        if not len(batch.queries):
            return None
        return self._pairs(batch.queries, batch.documents, batch.answered)


@dataclass(frozen=True, slots=True)
class ThoughtContrast(_Contrast):
    """InfoNCE between thought states, among the pairs that think.

    Where documents never think, their direct states take part, those of the whole batch.
    """

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        batch, thinking = inputs.pairs, inputs.pairs.thinking
        if not len(thinking):
            return None
        answered = batch.answered[thinking]
        if batch.thought_documents is not None:
            return self._pairs(
                batch.thought_queries, batch.thought_documents, answered[:, thinking]
            )
        # Their positives first, then all other documents.
        rest = torch.ones(len(batch.documents), dtype=torch.bool, device=thinking.device)
        rest[thinking] = False
        order = torch.cat([thinking, rest.nonzero().flatten()])
        return self._pairs(batch.thought_queries, batch.documents[order], answered[:, order])


@dataclass(frozen=True, slots=True)
class CrossModeContrast(_Contrast):
    """InfoNCE from thought states of one side to direct states of the other.

    It puts both kinds of vectors into one space, so that any side of an index may think.
    """

    def bind(self, run: RunContext) -> LossTerm:  # noqa: ARG002 - an Objective's
        """The pairs are all it needs."""
        return self._loss

    def _loss(self, inputs: StepInputs) -> Float[Tensor, ""] | None:
        batch, thinking = inputs.pairs, inputs.pairs.thinking
        if not len(thinking):
            return None
        to_direct = self._contrast(
            batch.thought_queries,
            batch.documents,
            positives=thinking,
            ignored=batch.answered[thinking],
        )
        if batch.thought_documents is None or self.directions is Directions.TO_DOCUMENTS:
            return to_direct
        size = len(batch.queries)
        from_direct = self._contrast(
            batch.thought_documents,
            batch.queries,
            positives=thinking,
            ignored=batch.answered[:, :size].T[thinking],
        )
        return (to_direct + from_direct) / 2
