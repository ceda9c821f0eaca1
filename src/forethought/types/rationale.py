"""The text that a model writes before its vector is read."""

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How decoding ended."""

    EMBED = "embed"
    """The model wrote the embed token."""
    LENGTH = "length"
    """The token budget was spent; the embed token was forced."""
    MALFORMED = "malformed"
    """The model ended its turn without the embed token, or the text does not parse."""
    LOOP = "loop"
    """The text repeated itself; the embed token was forced."""
    EARLY_EXIT = "early_exit"
    """The vector stopped changing; the embed token was forced."""


@dataclass(frozen=True, slots=True)
class Rationale:
    """A chain of thought, the short answer after it, and how decoding ended."""

    thinking: str
    answer: str
    ending: Ending
