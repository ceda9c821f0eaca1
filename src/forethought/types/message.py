"""What is to be embedded: ordered content, and what the vector is for."""

from dataclasses import dataclass
from enum import StrEnum

from forethought.errors import ContentError
from forethought.types.content import Content


class Side(StrEnum):
    """Which side of retrieval a message stands on."""

    QUERY = "query"
    """It asks."""
    DOCUMENT = "document"
    """It is asked for."""


@dataclass(frozen=True, slots=True)
class Message:
    """Pictures and words in order, with the instruction that says what they are for.

    Raises:
        ContentError: if it holds no content.
    """

    content: tuple[Content, ...]
    instruction: str
    side: Side

    def __post_init__(self) -> None:
        if not self.content:
            raise ContentError("message has no content: show it at least one text or picture")
