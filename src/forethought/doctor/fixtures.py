"""Test inputs for the checks: a short text, a picture with text, a long text."""

import numpy as np

from forethought.types import Image, Message, Side, Text

INSTRUCTION = "Find what this is about:"


def short_text() -> Message:
    """A text of three words."""
    return Message((Text("a red bus"),), INSTRUCTION, Side.QUERY)


def picture_with_text() -> Message:
    """An 84 x 56 picture without repeated rows, and a short text."""
    rows, columns = np.mgrid[0:56, 0:84]
    pixels = np.stack([rows * 4, columns * 3, (rows * columns) % 256], axis=-1).astype(np.uint8)
    return Message(
        (Image(pixels, source="test picture"), Text("who drew it?")), INSTRUCTION, Side.QUERY
    )


def every(*, sees: bool) -> list[Message]:
    """All three, or the two texts for a model that sees no pictures."""
    return [short_text(), *([picture_with_text()] if sees else []), long_text()]


def long_text() -> Message:
    """A text long enough that the other inputs are padded in a batch with it."""
    return Message((Text("two decks, " * 6 + "one driver"),), INSTRUCTION, Side.QUERY)
