"""Pseudo-random choices by hash: the same in every run, on every machine."""

import hashlib
from collections.abc import Iterable

_WHOLE = 1 << 64


def draw(*words: str | int) -> int:
    """A number below 2**64 that depends on the words alone."""
    text = "\x1f".join(str(word) for word in words)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def share(*words: str | int) -> float:
    """A number in [0, 1) that depends on the words alone."""
    return draw(*words) / _WHOLE


def shuffled(items: Iterable[str], *seed: str | int) -> list[str]:
    """The items in an order that depends on them and the seed alone."""
    return sorted(items, key=lambda item: (draw(*seed, item), item))
