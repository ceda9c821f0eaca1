"""The caller's word on thinking, checked before a long run starts."""

from forethought.errors import ModelError
from forethought.types import Think


def as_think(value: Think | str) -> Think:
    """Understand it.

    Raises:
        ModelError: if nobody knows it.
    """
    try:
        return Think(value)
    except ValueError:
        raise ModelError(f"unknown think {value!r}; known: {', '.join(Think)}") from None
