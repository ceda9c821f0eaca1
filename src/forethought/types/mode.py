"""How vectors are made, and how they were."""

from enum import StrEnum


class Mode(StrEnum):
    """How the vector of an input was made."""

    DIRECT = "direct"
    """By one pass over the prompt."""
    THOUGHT = "thought"
    """After a rationale."""
    SKIPPED = "skipped"
    """Not at all: the input could not be read, and errors are skipped."""


class Think(StrEnum):
    """Which inputs get a rationale."""

    NEVER = "never"
    """None: every vector is direct."""
    ALWAYS = "always"
    """All."""
    AUTO = "auto"
    """Those for which the model's gate predicts that it pays."""
