"""Which prompts are read together, and when: alike lengths, under a budget of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from forethought.errors import ConfigError

PRECISIONS = {"float32": 4, "bfloat16": 2, "float16": 2}
"""What keys and values may be kept in, and the bytes a number takes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at once.

    `rows` write at a time; one prefill takes at most `tokens`, padding counted, but always
    one prompt, and at most `waste` of it is padding. New prompts are read when a `refill` of
    the rows is free. Keys and values are kept in the network's own precision, or in `cache`: 16
    bits take half of float32's memory, and move vectors by a rounding.

    Raises:
        ConfigError: if a limit is out of its range.
    """

    rows: int = 64
    tokens: int = 16_384
    waste: float = 0.1
    refill: float = 0.25
    cache: str | None = None

    def __post_init__(self) -> None:
        if self.cache not in {None, *PRECISIONS}:
            known = ", ".join(PRECISIONS)
            raise ConfigError(f"unknown precision of the cache {self.cache!r}; known: {known}")
        for name in ("rows", "tokens"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ConfigError(f"{name} must be a whole number of at least 1, got {value!r}")
        for name in ("waste", "refill"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be in [0, 1], got {getattr(self, name)}")


CPU_TOKENS = 2048
"""What a processor reads at a time: of more, what lies between two layers leaves its caches."""


def limits_for(device: torch.device) -> Limits:
    """What suits a device."""
    return Limits(tokens=CPU_TOKENS) if device.type == "cpu" else Limits()


def bucket(lengths: Sequence[int], limits: Limits) -> list[list[int]]:
    """Prompts in groups that are read together, shortest first: little of a group is padding.

    Longest and shortest of a group share the width of the longest, so a group ends where
    another prompt would bring it over `limits`.
    """
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    groups: list[list[int]] = []
    shown = 0
    for index in order:
        length = lengths[index]
        computed = (len(groups[-1]) + 1) * length if groups else 0
        over = computed > limits.tokens or shown + length < (1 - limits.waste) * computed
        if not groups or len(groups[-1]) == limits.rows or over:
            groups.append([])
            shown = 0
        groups[-1].append(index)
        shown += length
    return groups


def padding(lengths: Sequence[int], groups: Sequence[Sequence[int]]) -> float:
    """The share of what is computed in prefills that is padding, in [0, 1)."""
    shown = sum(lengths)
    computed = sum(len(group) * max(lengths[index] for index in group) for group in groups)
    return 1 - shown / computed if computed else 0.0


class Queue:
    """Prompts that wait to be read, in groups of like length."""

    def __init__(self, lengths: Sequence[int], limits: Limits) -> None:
        self._groups = bucket(lengths, limits)

    def __len__(self) -> int:
        return len(self._groups)

    def take(self, most: int) -> list[int]:
        """The next group, or as much of it as there is room for; always one prompt."""
        group = self._groups.pop(0)
        room = max(1, most)
        if len(group) > room:
            self._groups.insert(0, group[room:])
        return group[:room]

    def put_back(self, group: Sequence[int]) -> None:
        """Let a group that was too large for memory come again in two halves."""
        half = len(group) // 2
        self._groups[:0] = [list(group[:half]), list(group[half:])]
