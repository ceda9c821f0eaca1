"""Why a rationale is of no use, and the limits that decide it."""

from dataclasses import dataclass
from enum import StrEnum

from forethought.errors import ConfigError


class Rejection(StrEnum):
    """Why a rationale is not among those that may be chosen."""

    EMPTY = "empty"
    CUT_OFF = "cut off"
    """The model spent its tokens before it was done."""
    FILTERED = "filtered"
    """The server withheld it."""
    MALFORMED = "malformed"
    """A checkpoint that runs here left the format of its family."""
    REFUSAL = "refusal"
    LOOP = "loop"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    NAMES_TARGET = "names the target"
    """It speaks of the other side, which its worker was not given."""
    STATES_LABEL = "states the label"
    """Its thinking repeats the text of the other side word for word."""
    DUPLICATE = "near duplicate"
    """Of an earlier rationale of the same input."""


FINAL = frozenset(
    {Rejection.CUT_OFF, Rejection.FILTERED, Rejection.MALFORMED, Rejection.LOOP, Rejection.EMPTY}
)
"""What depends on no limit, and on more than the text: it is not decided again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningRules:
    """The limits of a rationale.

    Args:
        min_words, max_words: words of thinking and answer together.
        distance: normalised edit distance, in [0, 1], below which a rationale repeats an earlier
            one of the same input.
        reject_label: reject thinking that repeats the other side's text. Where the answer to a
            question is itself what is searched, a worker that answers it states the label.

    Raises:
        ConfigError: if a limit is out of its range.
    """

    min_words: int = 3
    max_words: int = 200
    distance: float = 0.1
    reject_label: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.min_words <= self.max_words:
            raise ConfigError(
                f"min_words {self.min_words} and max_words {self.max_words} leave no length; "
                "0 <= min_words <= max_words"
            )
        if not 0 <= self.distance <= 1:
            raise ConfigError(f"distance must be in [0, 1], got {self.distance}")
