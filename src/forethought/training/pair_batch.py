"""A step's pairs, and the states that one forward pass over them gave."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.training.reader import States
from forethought.types import Document, Message, Rationale


@dataclass(frozen=True, slots=True)
class TrainPair:
    """An example as one step uses it: with one of its positives and some of its negatives.

    `answers` are the labels of all documents that answer the query.
    """

    task: str
    query: Message
    rationale: Rationale | None
    document: Document
    negatives: tuple[Document, ...]
    answers: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """A batch of pairs with the states of a forward pass over them.

    The rows of `states` are all queries, then their positives in the same order, then all hard
    negatives. `answered` marks the documents that answer a query, so that none of them is its
    negative. `thinking` are the indices of the pairs that also have thought states, behind
    rationales that the model wrote itself; `thought_at` and `document_thought_at` index
    `states.thought` for each of them, the second None where documents never think.
    """

    pairs: tuple[TrainPair, ...]
    states: States
    answered: Bool[Tensor, "Q P"]
    thinking: Int[Tensor, " S"]
    thought_at: tuple[int, ...]
    document_thought_at: tuple[int, ...] | None

    @property
    def queries(self) -> Float[Tensor, "Q H"]:
        """Direct states of the queries."""
        return self.states.direct[: len(self.pairs)]

    @property
    def documents(self) -> Float[Tensor, "P H"]:
        """Direct states of the documents, positives before hard negatives."""
        return self.states.direct[len(self.pairs) :]

    @property
    def thought_queries(self) -> Float[Tensor, "S H"]:
        """Thought states of the queries of the pairs that think."""
        return self.states.thought[list(self.thought_at)]

    @property
    def thought_documents(self) -> Float[Tensor, "S H"] | None:
        """Thought states of their positives; None where documents never think."""
        if self.document_thought_at is None:
            return None
        return self.states.thought[list(self.document_thought_at)]


def pair_batch(pairs: Sequence[TrainPair], states: States, *, documents_think: bool) -> PairBatch:
    """Find the states of each pair: a pair thinks if all its sides that may think did."""
    size = len(pairs)
    position = {row: at for at, row in enumerate(states.thought_rows)}
    thinking = sorted(
        row for row in position if row < size and (row + size in position or not documents_think)
    )
    device = states.direct.device
    return PairBatch(
        pairs=tuple(pairs),
        states=states,
        answered=answered(pairs).to(device),
        thinking=torch.tensor(thinking, dtype=torch.long, device=device),
        thought_at=tuple(position[row] for row in thinking),
        document_thought_at=(
            tuple(position[row + size] for row in thinking) if documents_think else None
        ),
    )


def answered(pairs: Sequence[TrainPair]) -> Bool[Tensor, "Q P"]:
    """Which documents of a batch, positives before negatives, answer which queries."""
    negatives = [document for pair in pairs for document in pair.negatives]
    labels = [pair.document.label for pair in pairs] + [document.label for document in negatives]
    return torch.tensor([[label in pair.answers for label in labels] for pair in pairs])
