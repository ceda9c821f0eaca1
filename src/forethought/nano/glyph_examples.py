"""The training pairs of the built data set, as examples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from forethought.data import ExampleKey, Shard
from forethought.errors import DataError
from forethought.nano.glyphs.nouns import PSEUDO
from forethought.types import Document, Ending, Example, Image, Message, Rationale, Side, Text


@dataclass(frozen=True, slots=True)
class GlyphPair:
    """One row of `examples.parquet`; pictures are named by their ids."""

    task: str
    split: str
    query_instruction: str
    query_text: str
    query_picture: str
    query_concept: str
    query_thinking: str
    query_answer: str
    document_instruction: str
    document_text: str
    document_picture: str
    document_concept: str
    document_thinking: str
    document_answer: str

    @property
    def is_pseudo(self) -> bool:
        """Whether a side of it is a pseudo-picture."""
        return PSEUDO in {self.query_picture[: len(PSEUDO)], self.document_picture[: len(PSEUDO)]}

    @property
    def question(self) -> tuple[str, str, str]:
        """What is asked: pairs with the same question answer each other's."""
        return self.task, self.query_text, self.query_picture

    @property
    def label(self) -> str:
        """The document's words, or the concept of its picture.

        Two pairs with the same label are not each other's negatives.
        """
        return self.document_text or self.document_concept


@dataclass(frozen=True)
class GlyphExamples:
    """The pairs of one split of the data in `folder`, with the pictures they name.

    With `pseudo`, also the pairs of pseudo-pictures: white dots, whose ids a recipe's `pictures`
    must know the features of.

    Raises:
        DataError: at first use, if the folder does not hold the built data.
    """

    folder: Path
    split: str = "train"
    pseudo: bool = False

    @cached_property
    def pairs(self) -> tuple[GlyphPair, ...]:
        """Every pair, in the order of the file."""
        rows = read_table(self.folder / "examples.parquet")
        pairs = (GlyphPair(**row) for row in rows if row["split"] == self.split)
        return tuple(pair for pair in pairs if self.pseudo or not pair.is_pseudo)

    @cached_property
    def pictures(self) -> dict[str, Image]:
        """Every picture that a pair names, by its id."""
        ids = {name for p in self.pairs for name in (p.query_picture, p.document_picture)} - {""}
        if not ids:
            return {}
        pseudo = {name for name in ids if name.startswith(PSEUDO)}
        table = pq.read_table(
            self.folder / "pictures.parquet",
            columns=["picture", "png"],
            filters=[("picture", "in", ids - pseudo)],
        )
        dot = np.full((1, 1, 3), 255, np.uint8)
        drawn = {row["picture"]: row["png"] for row in table.to_pylist()}
        return {name: Image(drawn.get(name, dot), source=name) for name in (*drawn, *pseudo)}

    @cached_property
    def answers(self) -> dict[tuple[str, str, str], frozenset[str]]:
        """The labels of all documents that answer a question."""
        found: dict[tuple[str, str, str], set[str]] = {}
        for pair in self.pairs:
            found.setdefault(pair.question, set()).add(pair.label)
        return {question: frozenset(labels) for question, labels in found.items()}

    def iter_keys(self) -> Iterator[ExampleKey]:
        """The key of every example in order; opens no picture."""
        return (ExampleKey(pair.task, pair.label) for pair in self.pairs)

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Example:
        """The example of one pair."""
        return self.example(self.pairs[index])

    def __iter__(self) -> Iterator[Example]:
        return map(self.example, self.pairs)

    def shard(self, rank: int, world_size: int) -> Shard:
        """The part of one of `world_size` processes."""
        return Shard(self, rank, world_size)

    def example(self, pair: GlyphPair) -> Example:
        """A pair with its pictures."""
        query = self._content(pair.query_picture, pair.query_text)
        document = self._content(pair.document_picture, pair.document_text)
        return Example(
            task=pair.task,
            query=Message(query, pair.query_instruction, Side.QUERY),
            positives=(
                Document(
                    Message(document, pair.document_instruction, Side.DOCUMENT),
                    pair.label,
                    Rationale(pair.document_thinking, pair.document_answer, Ending.EMBED),
                ),
            ),
            rationale=Rationale(pair.query_thinking, pair.query_answer, Ending.EMBED),
            other_labels=self.answers.get(pair.question, frozenset()),
        )

    def _content(self, picture: str, text: str) -> tuple[Image | Text, ...]:
        images = (self.pictures[picture],) if picture else ()
        return (*images, Text(text)) if text else images


def read_table(path: Path) -> list[dict[str, str]]:
    """Read a Parquet file of the built data.

    Raises:
        DataError: if it is not there.
    """
    if not path.is_file():
        raise DataError(
            f"{path}: no such file; build the data with `forethought data glyphs` "
            "or `forethought data lab`"
        )
    rows: list[dict[str, str]] = pq.read_table(path).to_pylist()
    return rows


def read_texts(path: Path) -> Sequence[str]:
    """Read the `text` column of a Parquet file of the built data."""
    return tuple(row["text"] for row in read_table(path))
