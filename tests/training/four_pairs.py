"""A step of four pairs with given states, and InfoNCE one query at a time."""

import math

import torch

from forethought.training import States, StepInputs, TrainPair
from forethought.training.pair_batch import pair_batch
from forethought.types import Document, Message, Side, Text

LABELS = ("red", "blue", "red", "green")  # pairs 0 and 2 have one answer
SAME = {(0, 2), (2, 0)}


def document(label):
    """A document of its label alone."""
    return Document(Message((Text(label),), "", Side.DOCUMENT), label)


def pair(label, negatives=()):
    """A pair whose documents are their labels."""
    return TrainPair(
        "colours",
        Message((Text("which?"),), "", Side.QUERY),
        None,
        document(label),
        tuple(map(document, negatives)),
        frozenset({label}),
    )


def spread(seed, rows, size=5):
    """Random states."""
    return torch.randn(rows, size, generator=torch.Generator().manual_seed(seed))


def inputs(direct, *, thinking=(), thought=None, documents_think=True, negatives=()):
    """A step of four pairs; `negatives` are hard ones of the first.

    `thought` are the states of the pairs that think: their queries, then their documents.
    """
    pairs = [pair(label, () if i else negatives) for i, label in enumerate(LABELS)]
    rows = (*thinking, *(row + 4 for row in thinking)) if documents_think else thinking
    states = States(
        direct,
        direct[:0] if thought is None else thought,
        tuple(rows),
        torch.zeros(0),
        (),
    )
    sides = [Side.QUERY] * 4 + [Side.DOCUMENT] * (len(direct) - 4)
    batch = pair_batch(pairs, states, sides, documents_think=documents_think)
    return StepInputs(3, lambda: batch)


def reference(queries, documents, positives, temperature=0.5, ignore=()):
    """InfoNCE one query at a time."""
    losses = []
    for row, query in enumerate(queries):
        odds = [
            math.exp(float(torch.cosine_similarity(query, document, dim=0)) / temperature)
            for document in documents
        ]
        pool = [o for at, o in enumerate(odds) if at == positives[row] or (row, at) not in ignore]
        losses.append(math.log(sum(pool) / odds[positives[row]]))
    return sum(losses) / len(losses)
