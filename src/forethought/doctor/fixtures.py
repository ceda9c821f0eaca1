"""What every patient is shown: words, a picture, and more words."""

import numpy as np

from forethought.types import Image, Message, Side, Text

INSTRUCTION = "Find what this is about:"


def words() -> Message:
    """Few words."""
    return Message((Text("a red bus"),), INSTRUCTION, Side.QUERY)


def picture() -> Message:
    """A small picture, no part of it like another, and words beside it."""
    rows, columns = np.mgrid[0:56, 0:84]
    pixels = np.stack([rows * 4, columns * 3, (rows * columns) % 256], axis=-1).astype(np.uint8)
    return Message(
        (Image(pixels, source="test picture"), Text("who drew it?")), INSTRUCTION, Side.QUERY
    )


def more_words() -> Message:
    """Words enough that the others are padded beside them."""
    return Message((Text("two decks, " * 6 + "one driver"),), INSTRUCTION, Side.QUERY)
