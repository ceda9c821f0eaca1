"""A query and its right document, as rows of a table."""

from dataclasses import dataclass

from forethought.nano.glyphs.concepts import Concept
from forethought.nano.glyphs.rationales import of_concept

INSTRUCTIONS = {
    "keywords": "Find the picture these words describe.",
    "gloss": "Find the picture with this meaning.",
    "name": "Name the picture.",
    "style": "Find the same thing in another style.",
    "icon": "Find the icon.",
    "flag": "Find the flag.",
    "flag_question": "Find the flag.",
    "country_question": "Answer the question.",
    "clock": "Answer the question.",
}
"""What each task asks of a query."""

PICTURE = "Picture."
TEXT = "Text."


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a pair: what is shown, and what is thought of it.

    Args:
        picture: a picture's id; empty if none is shown.
        concept: what it stands for; empty where that is no glyph.
    """

    instruction: str
    text: str
    picture: str
    concept: str
    thinking: str
    answer: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a document that answers it.

    Args:
        split: `train` or `dev` to learn from; else the name of a benchmark's split.
    """

    task: str
    split: str
    query: Side
    document: Side


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """A benchmark query.

    Args:
        relevant: ids of the documents that answer it.
    """

    task: str
    split: str
    query: Side
    relevant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that every query of a task and split is compared with."""

    task: str
    split: str
    document: Side

    @property
    def id(self) -> str:
        """The picture's id, or the text."""
        return self.document.picture or self.document.text


def concept_text(task: str, text: str, concept: Concept) -> Side:
    """A query in words about an emoji or an icon."""
    thinking = of_concept(concept)
    return Side(INSTRUCTIONS[task], text, "", concept.concept, thinking, concept.name)


def concept_picture(instruction: str, style: str, concept: Concept) -> Side:
    """A picture of an emoji or an icon, on either side."""
    picture = f"{style}/{concept.concept}"
    return Side(instruction, "", picture, concept.concept, of_concept(concept), concept.name)


def concept_name(concept: Concept) -> Side:
    """A concept's name as a document."""
    return Side(TEXT, concept.name, "", concept.concept, of_concept(concept), concept.name)
