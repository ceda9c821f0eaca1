"""What the model wrote before it embedded."""

from dataclasses import dataclass
from enum import StrEnum


class Ending(StrEnum):
    """How the model stopped writing."""

    EMBED = "embed"
    """It reached the embed token by itself."""
    LENGTH = "length"
    """It ran out of tokens; the embed token was forced."""
    MALFORMED = "malformed"
    """It stopped without the embed token, or its text does not parse."""
    LOOP = "loop"
    """It said the same over and over; the embed token was forced."""
    EARLY_EXIT = "settled"
    """Its vector had stopped moving; the embed token was forced."""


@dataclass(frozen=True, slots=True)
class Rationale:
    """A chain of thought, the short answer it came to, and how it ended."""

    thinking: str
    answer: str
    ending: Ending
