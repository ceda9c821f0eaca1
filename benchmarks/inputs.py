"""What is embedded: words, pictures, and both together, a third each and well mixed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from forethought.errors import ConfigError
from forethought.types import Content, Image, Text

SUFFIXES = frozenset({".gif", ".jpeg", ".jpg", ".png", ".webp"})
_ASKED = ("What is this?", "The same, in another colour.", "Where would I see one of these?")

Input = Sequence[Content]


def mixed(folder: Path, count: int) -> list[Input]:
    """Take pictures from a folder and its folders, and their names as words.

    Raises:
        ConfigError: if `count` is under 1, or there is no folder or no picture in it.
    """
    if count < 1:
        raise ConfigError(f"{count} inputs is nothing to measure; ask for at least 1")
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; name a folder of pictures with --pictures")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ConfigError(f"{folder} holds no picture; name a folder of pictures with --pictures")
    # A stride that shares no divisor with most counts: neighbours come from all the folders.
    chosen = [paths[place * 37 % len(paths)] for place in range(count)]
    return [_one(path, place) for place, path in enumerate(chosen)]


def _one(path: Path, place: int) -> Input:
    words = Text(f"{path.stem.replace('-', ' ')}, {path.parent.name}")
    if place % 3 == 0:
        return (words,)
    picture = Image(path)
    if place % 3 == 1:
        return (picture,)
    return (picture, Text(_ASKED[place // 3 % len(_ASKED)]))


def noise(count: int, *, patches: tuple[int, int], seed: int) -> list[Input]:
    """Squares of noise with words beside them; `patches` is the fewest and most a picture.

    Sides are evenly spread between the two, and even, as two patches a side make one token.
    """
    generator = np.random.default_rng(seed)
    low, high = (int(np.sqrt(bound)) // 2 for bound in patches)
    sides = [2 * int(side) for side in generator.integers(low, high + 1, count)]
    return [
        (
            Image(generator.integers(0, 256, (14 * side, 14 * side, 3), dtype=np.uint8)),
            Text(f"What is picture {place} of?"),
        )
        for place, side in enumerate(sides)
    ]
