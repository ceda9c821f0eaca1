"""Parquet files of pairs as Examples, pictures decoded once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow.parquet as pq

from forethought.errors import DataError
from forethought.types import Ending, Example, Image, Message, Rationale, Side, Text


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of `examples.parquet`: the names of what an Example shows."""

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
    def query_key(self) -> str:
        """What a teacher calls the query; empty if it is more than one text or picture."""
        return _key(self.query_text, self.query_picture)

    @property
    def document_key(self) -> str:
        """What a teacher calls the document; empty if it is more than one text or picture."""
        return _key(self.document_text, self.document_picture)

    @property
    def answer(self) -> str:
        """What the document says: its words, or the concept that its picture shows.

        Two pairs with the same answer are not each other's negatives.
        """
        return self.document_text or self.document_concept


@dataclass(frozen=True)
class GlyphPairs:
    """The pairs of one split, and every picture they show.

    Raises:
        DataError: if the folder does not hold the built data.
    """

    folder: Path
    split: str

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every pair, in the order of the file."""
        rows = read_table(self.folder / "examples.parquet")
        return tuple(Pair(**row) for row in rows if row["split"] == self.split)

    @cached_property
    def pictures(self) -> dict[str, Image]:
        """Every picture that a pair shows, by its id."""
        shown = {name for p in self.pairs for name in (p.query_picture, p.document_picture)}
        table = pq.read_table(
            self.folder / "pictures.parquet",
            columns=["picture", "png"],
            filters=[("picture", "in", shown)],
        )
        return {
            row["picture"]: Image(row["png"], source=row["picture"]) for row in table.to_pylist()
        }

    def example(self, pair: Pair) -> Example:
        """Show what a pair names."""
        query = self._content(pair.query_picture, pair.query_text)
        document = self._content(pair.document_picture, pair.document_text)
        return Example(
            task=pair.task,
            query=Message(query, pair.query_instruction, Side.QUERY),
            document=Message(document, pair.document_instruction, Side.DOCUMENT),
            query_rationale=Rationale(pair.query_thinking, pair.query_answer, Ending.EMBED),
            document_rationale=Rationale(
                pair.document_thinking, pair.document_answer, Ending.EMBED
            ),
            query_concept=pair.query_concept,
            document_concept=pair.document_concept,
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
        raise DataError(f"{path}: no such file; build the data with `forethought data glyphs`")
    rows: list[dict[str, str]] = pq.read_table(path).to_pylist()
    return rows


def read_texts(path: Path) -> Sequence[str]:
    """Read the `text` column of a Parquet file of the built data."""
    return tuple(row["text"] for row in read_table(path))


def _key(text: str, picture: str) -> str:
    return "" if text and picture else text or picture
