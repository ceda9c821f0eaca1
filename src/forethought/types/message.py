"""The input of an encoder: ordered content, and what its vector is for."""

from dataclasses import dataclass
from enum import StrEnum

from forethought.errors import ContentError
from forethought.types.content import Content


class Side(StrEnum):
    """The side of retrieval that a message is on."""

    QUERY = "query"
    """What is searched with."""
    DOCUMENT = "document"
    """What is searched for."""


@dataclass(frozen=True, slots=True)
class Message:
    """Texts, pictures and videos in order, with an instruction: what the vector is for.

    Raises:
        ContentError: if there is no content.
    """

    content: tuple[Content, ...]
    instruction: str
    side: Side

    def __post_init__(self) -> None:
        if not self.content:
            raise ContentError("message has no content: give it at least one text or picture")
