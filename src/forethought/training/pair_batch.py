"""A step's pairs, and the states that one forward pass over them gave."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.training.reader import States
from forethought.training.world import World
from forethought.types import Document, Message, Rationale, Side


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
    """The states of a batch of pairs, of all processes; `pairs` are this one's.

    `queries` and `documents` are direct states, the documents all positives in the order of the
    queries and then all hard negatives. `answered` marks the documents that answer a query, so
    that none of them is its negative. `thinking` are the indices of the pairs that also have
    thought states, `thought_queries` and `thought_documents`, the second None where documents
    never think. `query_tokens` and `document_tokens` are the negative log-likelihoods in nats of
    the tokens of true rationales.
    """

    pairs: tuple[TrainPair, ...]
    queries: Float[Tensor, "Q H"]
    documents: Float[Tensor, "P H"]
    answered: Bool[Tensor, "Q P"]
    thinking: Int[Tensor, " S"]
    thought_queries: Float[Tensor, "S H"]
    thought_documents: Float[Tensor, "S H"] | None
    query_tokens: Float[Tensor, " T"]
    document_tokens: Float[Tensor, " U"]


def pair_batch(
    pairs: Sequence[TrainPair],
    states: States,
    sides: Sequence[Side],
    *,
    documents_think: bool,
    world: World | None = None,
) -> PairBatch:
    """Find the states of each pair, and gather those of all processes.

    A pair thinks if all its sides that may think did. The rows of `states` are those of
    `BatchRows`, each of its side.
    """
    world = world or World()
    size = len(pairs)
    position = {row: at for at, row in enumerate(states.thought_rows)}
    thinking = sorted(
        row for row in position if row < size and (row + size in position or not documents_think)
    )
    tokens = {
        side: [at for at, row in enumerate(states.token_rows) if sides[row] is side]
        for side in Side
    }
    # What is counted goes at once: each exchange of objects is slow.
    parts = world.gather_objects(
        _Part(_labels(pairs), tuple(thinking), len(tokens[Side.QUERY]), len(tokens[Side.DOCUMENT]))
    )
    pair_counts = [len(part.labels.positives) for part in parts]
    thought_counts = [len(part.thinking) for part in parts]
    negative_counts = [len(part.labels.negatives) for part in parts]
    positives, negatives = states.direct[size : 2 * size], states.direct[2 * size :]
    negatives = negatives[: len(parts[world.rank].labels.negatives)]
    queries, *documents = (
        world.gather(
            states.thought[[position[row + offset] for row in thinking]], counts=thought_counts
        )
        for offset in ((0, size) if documents_think else (0,))
    )
    return PairBatch(
        pairs=tuple(pairs),
        queries=world.gather(states.direct[:size], counts=pair_counts),
        documents=torch.cat(
            [
                world.gather(positives, counts=pair_counts),
                world.gather(negatives, counts=negative_counts),
            ]
        ),
        answered=_answered([part.labels for part in parts]).to(states.direct.device),
        thinking=_thinking(parts).to(states.direct.device),
        thought_queries=queries,
        thought_documents=documents[0] if documents else None,
        query_tokens=world.gather(
            states.token_losses[tokens[Side.QUERY]], counts=[part.query_tokens for part in parts]
        ),
        document_tokens=world.gather(
            states.token_losses[tokens[Side.DOCUMENT]],
            counts=[part.document_tokens for part in parts],
        ),
    )


@dataclass(frozen=True, slots=True)
class _Labels:
    """The labels of one process's pairs."""

    answers: tuple[frozenset[str], ...]
    positives: tuple[str, ...]
    negatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """What the others need to know of one process's pairs besides their states.

    `thinking` are the indices of its pairs that think, the other two how many tokens of true
    rationales each side has.
    """

    labels: _Labels
    thinking: tuple[int, ...]
    query_tokens: int
    document_tokens: int


def answered(pairs: Sequence[TrainPair]) -> Bool[Tensor, "Q P"]:
    """Which documents of a batch, positives before negatives, answer which queries."""
    return _answered([_labels(pairs)])


def _labels(pairs: Sequence[TrainPair]) -> _Labels:
    return _Labels(
        tuple(pair.answers for pair in pairs),
        tuple(pair.document.label for pair in pairs),
        tuple(document.label for pair in pairs for document in pair.negatives),
    )


def _answered(parts: Sequence[_Labels]) -> Bool[Tensor, "Q P"]:
    labels = [label for part in parts for label in part.positives]
    labels += [label for part in parts for label in part.negatives]
    columns: dict[str, list[int]] = {}
    for column, label in enumerate(labels):
        columns.setdefault(label, []).append(column)
    queries = [answers for part in parts for answers in part.answers]
    # By label: of 4,096 pairs there are 17 million comparisons otherwise.
    marked = [
        (row, column)
        for row, answers in enumerate(queries)
        for label in answers & columns.keys()
        for column in columns[label]
    ]
    found = torch.zeros(len(queries), len(labels), dtype=torch.bool)
    found[tuple(torch.tensor(marked, dtype=torch.long).reshape(-1, 2).T)] = True
    return found


def _thinking(parts: Sequence[_Part]) -> Int[Tensor, " S"]:
    """The indices among all processes' pairs."""
    found: list[int] = []
    first = 0
    for part in parts:
        found += [first + row for row in part.thinking]
        first += len(part.labels.positives)
    return torch.tensor(found, dtype=torch.long)
