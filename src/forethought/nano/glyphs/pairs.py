"""Training pairs, benchmark queries and candidates, as they are before they become table rows."""

from dataclasses import dataclass

from forethought.nano.glyphs.concepts import Concept

INSTRUCTIONS = {
    "keywords": "Find the picture these words describe.",
    "gloss": "Find the picture with this meaning.",
    "name": "Name the picture.",
    "style": "Find the same thing in another style.",
    "icon": "Find the icon.",
    "flag": "Find the flag.",
    "flag_question": "Find the flag.",
    "country_question": "Answer the question.",
    "flag_two_steps": "Find the flag.",
    "country_two_steps": "Answer the question.",
    "clock": "Answer the question.",
}
"""The instruction of the queries of each task."""

PICTURE = "Picture."
TEXT = "Text."


@dataclass(frozen=True, slots=True)
class SideRow:
    """One side of a pair: its content, and the rationale for it.

    Args:
        picture: the id of a picture; empty if the side is text alone.
        concept: the concept of the content; empty if there is not exactly one.
    """

    instruction: str
    text: str
    picture: str
    concept: str
    thinking: str
    answer: str


@dataclass(frozen=True, slots=True)
class PairRow:
    """A query and a document that answers it.

    Args:
        split: `train` or `dev`.
    """

    task: str
    split: str
    query: SideRow
    document: SideRow


@dataclass(frozen=True, slots=True)
class EvalQuery:
    """A benchmark query.

    Args:
        split: named for what no training example has, such as `unseen_style`.
        relevant: the ids of the candidates that answer it.
    """

    task: str
    split: str
    query: SideRow
    relevant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvalDocument:
    """A document that every query of a task and split is compared with."""

    task: str
    split: str
    document: SideRow

    @property
    def id(self) -> str:
        """The id of its picture, or its text."""
        return self.document.picture or self.document.text


def concept_text(task: str, text: str, concept: Concept) -> SideRow:
    """Make a text query for an emoji or an icon."""
    return SideRow(INSTRUCTIONS[task], text, "", concept.concept, "", concept.name)


def concept_picture(instruction: str, style: str, concept: Concept) -> SideRow:
    """Make a query or document of a picture of an emoji or an icon."""
    picture = f"{style}/{concept.concept}"
    return SideRow(instruction, "", picture, concept.concept, "", concept.name)


def concept_name(concept: Concept) -> SideRow:
    """Make a document of a concept's name."""
    return SideRow(TEXT, concept.name, "", concept.concept, "", concept.name)
