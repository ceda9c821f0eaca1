"""The inputs of a workload: texts, pictures, and both together, a third each and well mixed."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from forethought.errors import ConfigError
from forethought.types import Content, Image, Text

SUFFIXES = frozenset({".gif", ".jpeg", ".jpg", ".png", ".webp"})
_QUESTIONS = ("What is this?", "The same, in another colour.", "Where would I see one of these?")

Input = Sequence[Content]


def mixed(folder: Path, count: int) -> list[Input]:
    """Take pictures from a folder and its subfolders, and their names as texts.

    Raises:
        ConfigError: if `count` is under 1, or there is no folder or no picture in it.
    """
    if count < 1:
        raise ConfigError(f"{count} inputs is nothing to measure; set --inputs to at least 1")
    if not folder.is_dir():
        raise ConfigError(f"{folder} is no folder; name a folder of pictures with --pictures")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise ConfigError(
            f"{folder} contains no picture; name a folder of pictures with --pictures"
        )
    # A stride that shares no divisor with most counts: neighbours come from all subfolders.
    chosen = [paths[number * 37 % len(paths)] for number in range(count)]
    return [_input(path, number) for number, path in enumerate(chosen)]


def _input(path: Path, number: int) -> Input:
    text = Text(f"{path.stem.replace('-', ' ')}, {path.parent.name}")
    if number % 3 == 0:
        return (text,)
    picture = Image(path)
    if number % 3 == 1:
        return (picture,)
    return (picture, Text(_QUESTIONS[number // 3 % len(_QUESTIONS)]))


def noise(count: int, *, patches: tuple[int, int], seed: int) -> list[Input]:
    """Square pictures of noise, each with a text; `patches` is the fewest and most of a picture.

    Sides are spread evenly between the two, and even: two patches a side make one token.
    """
    generator = np.random.default_rng(seed)
    low, high = (int(np.sqrt(bound)) // 2 for bound in patches)
    sides = [2 * int(side) for side in generator.integers(low, high + 1, count)]
    return [
        (
            Image(generator.integers(0, 256, (14 * side, 14 * side, 3), dtype=np.uint8)),
            Text(f"What is picture {number} of?"),
        )
        for number, side in enumerate(sides)
    ]
