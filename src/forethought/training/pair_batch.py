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
    """States of a batch of pairs.

    `queries` and `documents` are direct states; the first Q documents are the queries'
    positives, in their order, and the hard negatives follow. `answered` marks the documents
    that answer a query, so that none of them is its negative. `thinking` are the indices of the
    pairs that also have thought states, behind rationales that the model wrote itself;
    `thought_documents` is None where documents never think. `logits` score `targets`, the
    tokens of the true rationales that the model is to write.
    """

    pairs: tuple[TrainPair, ...]
    queries: Float[Tensor, "Q H"]
    documents: Float[Tensor, "P H"]
    answered: Bool[Tensor, "Q P"]
    thinking: Int[Tensor, " S"]
    thought_queries: Float[Tensor, "S H"]
    thought_documents: Float[Tensor, "S H"] | None
    logits: Float[Tensor, "T V"]
    targets: Int[Tensor, " T"]


def pair_batch(pairs: Sequence[TrainPair], states: States, *, documents_think: bool) -> PairBatch:
    """Sort the states of a pass into queries and documents.

    Its rows are all queries, then all positives, then all negatives.
    """
    size = len(pairs)
    device = states.direct.device
    # The states come in the order in which rows were read.
    place = {row: at for at, row in enumerate(states.thought_rows)}
    thinking = sorted(
        row for row in place if row < size and (row + size in place or not documents_think)
    )
    return PairBatch(
        pairs=tuple(pairs),
        queries=states.direct[:size],
        documents=states.direct[size:],
        answered=answered(pairs).to(device),
        thinking=torch.tensor(thinking, dtype=torch.long, device=device),
        thought_queries=states.thought[[place[row] for row in thinking]],
        thought_documents=(
            states.thought[[place[row + size] for row in thinking]] if documents_think else None
        ),
        logits=states.logits,
        targets=states.targets,
    )


def answered(pairs: Sequence[TrainPair]) -> Bool[Tensor, "Q P"]:
    """Which documents of a batch, positives before negatives, answer which queries."""
    negatives = [document for pair in pairs for document in pair.negatives]
    labels = [pair.document.label for pair in pairs] + [document.label for document in negatives]
    return torch.tensor([[label in pair.answers for label in labels] for pair in pairs])
