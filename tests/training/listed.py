"""Examples in memory."""

import dataclasses

from forethought.data import SkippedRowError
from forethought.types import Document, Ending, Example, Message, Rationale, Side, Text


class Listed:
    """A source in memory."""

    def __init__(self, *examples):
        self.examples = examples

    def iter_keys(self):
        return ((e.task, e.positives[0].label) for e in self.examples)

    def __len__(self):
        return len(self.examples)

    def __getitem__(self, index):
        return self.examples[index]

    def __iter__(self):
        return iter(self.examples)

    def shard(self, rank, world_size):
        return Listed(*self.examples[rank::world_size])


class Unopened:
    """A source of which some examples cannot be opened, and are skipped."""

    def __init__(self, source, indices):
        self.source, self.indices = source, indices

    def iter_keys(self):
        return self.source.iter_keys()

    def __len__(self):
        return len(self.source)

    def __getitem__(self, index):
        if index in self.indices:
            raise SkippedRowError(f"row {index}: its picture cannot be opened")
        return self.source[index]

    def __iter__(self):
        return map(self.__getitem__, range(len(self)))

    def shard(self, rank, world_size):
        return Unopened(self.source.shard(rank, world_size), self.indices)


def document(label):
    """A document of its label alone."""
    return Document(Message((Text(label),), "", Side.DOCUMENT), label)


def example(number, positives, negatives):
    """An example without rationales."""
    query = Message((Text(f"question {number}"),), "", Side.QUERY)
    return Example("t", query, tuple(map(document, positives)), tuple(map(document, negatives)))


def listed():
    """Three examples of one task, with 1 or 2 positives and 0 to 3 hard negatives."""
    return Listed(
        example(0, ["a", "b"], ["c", "d", "e"]),
        example(1, ["f"], ["g"]),
        example(2, ["h"], []),
    )


def truthful(drawn):
    """Drawn pairs whose queries and documents have true rationales."""
    pairs = []
    for index, pair in enumerate(drawn.pairs):
        query, positive = (Rationale(f"{side} {index}", "answer", Ending.EMBED) for side in Side)
        document = dataclasses.replace(pair.document, rationale=positive)
        pairs.append(dataclasses.replace(pair, rationale=query, document=document))
    return dataclasses.replace(drawn, pairs=tuple(pairs))
