"""Pairs of random words and noise: what a training step costs does not depend on their values."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.workload_inputs import noise
from forethought.data import ExampleKey, Shard
from forethought.types import Content, Document, Ending, Example, Message, Rationale, Side, Text

TASK = "random"
_WORDS = (
    *("image", "text", "videos", "picture", "everyday", "caption", "word", "sentence", "input"),
    *("summarize", "thinking", "process", "represent", "combination", "given", "above", "first"),
)


@dataclass(frozen=True)
class RandomPairs:
    """`count` pairs, each of a question and an answer with rationales of up to `words` words.

    The shortest rationale has a quarter of them. With `most`, every question has a square picture
    of `fewest` to `most` patches of noise.
    """

    count: int
    words: int
    fewest: int = 0
    most: int = 0

    def iter_keys(self) -> Iterator[ExampleKey]:
        """The key of every pair: no two have the same answer."""
        return (ExampleKey(TASK, f"answer {index}") for index in range(self.count))

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Example:
        """A pair, the same each time."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = np.random.default_rng(index)
        question: tuple[Content, ...] = (Text(_words(rng, 8)),)
        if self.most:
            ((picture, _),) = noise(1, patches=(self.fewest, self.most), seed=index)
            question = (picture, *question)
        answer = Message((Text(_words(rng, 6)),), "Represent the given text.", Side.DOCUMENT)
        return Example(
            task=TASK,
            query=Message(question, "Find the text that answers.", Side.QUERY),
            positives=(Document(answer, f"answer {index}", self._rationale(rng)),),
            rationale=self._rationale(rng),
        )

    def __iter__(self) -> Iterator[Example]:
        return (self[index] for index in range(self.count))

    def shard(self, rank: int, world_size: int) -> Shard:
        """The part of one of `world_size` processes."""
        return Shard(self, rank, world_size)

    def _rationale(self, rng: np.random.Generator) -> Rationale:
        length = int(rng.integers(self.words // 4, self.words + 1))
        return Rationale(_words(rng, length), _words(rng, 1), Ending.EMBED)


def _words(rng: np.random.Generator, count: int) -> str:
    return " ".join(_WORDS[index] for index in rng.integers(0, len(_WORDS), max(1, count)))
