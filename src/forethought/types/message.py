"""The input of an encoder: ordered content, and what its vector is for."""

from dataclasses import dataclass
from enum import StrEnum

from forethought.errors import ContentError
from forethought.types.content import Content, check_unicode


class Side(StrEnum):
    """The side of retrieval that a message is on."""

    QUERY = "query"
    """What is searched with."""
    DOCUMENT = "document"
    """What is searched for."""


@dataclass(frozen=True, slots=True)
class Message:
    """Texts, pictures and videos in order, with an instruction: what the vector is for.

    `side` may be given as a string.

    Raises:
        ContentError: if there is no content, or a part of the message is of another type.
    """

    content: tuple[Content, ...]
    instruction: str
    side: Side

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", _content(self.content))
        object.__setattr__(self, "side", _side(self.side))
        if not isinstance(self.instruction, str):
            raise ContentError(
                f"an instruction is a string, got {type(self.instruction).__name__}; '' is none"
            )
        check_unicode(self.instruction, "instruction")


def _content(parts: object) -> tuple[Content, ...]:
    if not isinstance(parts, tuple | list):
        raise ContentError(
            f"the content of a message is a tuple, got {type(parts).__name__}: give it as (part,), "
            "with words as ft.Text"
        )
    if not parts:
        raise ContentError("message has no content: give it at least one text or picture")
    for part in parts:
        if not isinstance(part, Content):
            raise ContentError(
                f"content is ft.Text, ft.Image or ft.Video, got {type(part).__name__}; make one "
                "of it"
            )
    return tuple(parts)


def _side(side: object) -> Side:
    try:
        return Side(str(side))
    except ValueError:
        raise ContentError(f"unknown side {side!r}; the sides are {', '.join(Side)}") from None
