"""The examples of a drawn batch, without those whose media cannot be opened."""

from collections.abc import Iterable
from dataclasses import dataclass

from forethought.data.example_source import ExampleSource
from forethought.data.row_source import SkippedRowError
from forethought.types import Example


@dataclass(frozen=True, slots=True)
class ReadExamples:
    """The examples of some indices, in the same order.

    `indices` are those of `examples`; `skipped` is the number of others.
    """

    examples: tuple[Example, ...]
    indices: tuple[int, ...]
    skipped: int


def read_examples(source: ExampleSource, indices: Iterable[int]) -> ReadExamples:
    """Read examples; one that its source skips is left out, and no other takes its place.

    What is drawn does not depend on what can be opened: a batch is smaller by the skipped ones, and
    a resumed run draws the same.

    Raises:
        DataError: if the media of one cannot be opened, and its source does not skip such rows.
    """
    found: list[tuple[int, Example]] = []
    skipped = 0
    for index in indices:
        try:
            found.append((index, source[index]))
        except SkippedRowError:
            skipped += 1
    examples = tuple(example for _, example in found)
    return ReadExamples(examples, tuple(index for index, _ in found), skipped)
