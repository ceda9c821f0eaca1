"""The vectors of a pool: each query and document is embedded once, a bounded number at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from jaxtyping import Float

from forethought.encoders import Encoder
from forethought.errors import DataError, ModelError
from forethought.selection.mining_pool import MiningPool, Occurrence
from forethought.types import Example, Image, Message, Progress, Side, Think, ignore_progress

_BATCHES = 8
"""Batches that are opened at once: an encoder runs inputs of one length together."""
_PIXELS = 48_000_000
"""Decoded pixels that end a batch early; they take 144 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class PoolVectors:
    """Unit vectors of all queries, and of the documents that were asked for; others are zero."""

    queries: Float[np.ndarray, "Q D"]
    documents: Float[np.ndarray, "P D"]


def encode_pool(
    pool: MiningPool,
    documents: Sequence[int],
    encoder: Encoder,
    *,
    think: Think,
    batch_size: int,
    progress: Progress = ignore_progress,
) -> PoolVectors:
    """Embed every query and these documents, which never think, in the order of their lines.

    Raises:
        DataError: if one cannot be opened or embedded; the message has its file and line.
        ModelError: if the encoder does not support `think`, or a vector is zero or not finite.
    """
    found = PoolVectors(
        np.zeros((len(pool.queries), encoder.dimension), np.float32),
        np.zeros((len(pool.documents), encoder.dimension), np.float32),
    )
    counter = _Counter(len(pool.queries) + len(documents), progress)
    queues = (
        _Queue(encoder, Side.QUERY, think, batch_size, found.queries, counter),
        _Queue(encoder, Side.DOCUMENT, Think.NEVER, batch_size, found.documents, counter),
    )
    wanted = [
        *((0, row, query.at) for row, query in enumerate(pool.queries)),
        *((1, row, pool.documents[row].at) for row in documents),
    ]
    for queue, row, at, example in _opened(wanted):
        queues[queue].add(row, at, _message(example, at))
    for each in queues:
        each.flush()
    return found


@dataclass(slots=True)
class _Counter:
    """Adds up the progress of several calls of an encoder."""

    total: int
    progress: Progress
    before: int = 0

    def __call__(self, done: int, total: int, label: str = "", /) -> None:
        del total
        self.progress(self.before + done, self.total, label)


@dataclass(slots=True, eq=False)
class _Queue:
    """Inputs of one side that wait to be embedded into the rows of `vectors`."""

    encoder: Encoder
    side: Side
    think: Think
    batch_size: int
    vectors: Float[np.ndarray, "N D"]
    counter: _Counter
    waiting: list[tuple[int, Occurrence, Message]] = field(default_factory=list)
    pixels: int = 0

    def add(self, row: int, at: Occurrence, message: Message) -> None:
        self.waiting.append((row, at, message))
        self.pixels += sum(
            part.pixels.size // 3 for part in message.content if isinstance(part, Image)
        )
        if len(self.waiting) >= _BATCHES * self.batch_size or self.pixels >= _PIXELS:
            self.flush()

    def flush(self) -> None:
        if not self.waiting:
            return
        found = self.encoder.encode(
            [message for _, _, message in self.waiting],
            side=self.side,
            think=self.think,
            batch_size=self.batch_size,
            progress=self.counter,
            on_error="skip",
        )
        lengths = np.linalg.norm(found.vectors.astype(np.float64), axis=1, keepdims=True)
        for (row, at, _), vector, length, error in zip(
            self.waiting, found.vectors, lengths[:, 0], found.errors, strict=True
        ):
            if error is not None:
                raise DataError(f"{_place(at)}: {error}")
            if not (np.isfinite(length) and length > 0):
                raise ModelError(
                    f"{_place(at)}: the vector of {self.encoder.name} is zero or not finite; check "
                    "the model with `forethought doctor`"
                )
            self.vectors[row] = vector / length
        self.counter.before += len(self.waiting)
        self.waiting.clear()
        self.pixels = 0


def _opened(
    wanted: Sequence[tuple[int, int, Occurrence]],
) -> Iterator[tuple[int, int, Occurrence, Example]]:
    """The same in the order of files and lines, each line opened once."""
    sources = list(dict.fromkeys(at.source for _, _, at in wanted))

    def line(one: tuple[int, int, Occurrence]) -> tuple[int, int]:
        return sources.index(one[2].source), one[2].line

    for (source, number), group in groupby(sorted(wanted, key=line), key=line):
        example = sources[source][number]
        yield from ((queue, row, at, example) for queue, row, at in group)


def _message(example: Example, at: Occurrence) -> Message:
    if at.document < 0:
        return example.query
    return (*example.positives, *example.negatives)[at.document].message


def _place(at: Occurrence) -> str:
    what = "the query" if at.document < 0 else f"document {at.document + 1}"
    return f"{at.source.path}, example {at.line + 1}, {what}"
