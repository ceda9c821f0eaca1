"""Which prompts are prefilled together, and when: similar lengths, within a budget of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from forethought.errors import ConfigError

CACHE_DTYPES = {"float32": 4, "bfloat16": 2, "float16": 2}
"""The dtypes that keys and values may be stored in, and their bytes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is computed at once.

    Args:
        rows: maximum rows that decode at a time.
        tokens: maximum tokens of one prefill, padding included; a single prompt may exceed it.
        waste: maximum share of padding in a prefill.
        refill: new prompts are prefilled when this share of the rows is free.
        cache: dtype of keys and values, "float32", "bfloat16" or "float16"; None is the
            network's. 16 bits take half of float32's memory and change vectors by rounding.

    Raises:
        ConfigError: if a limit is out of its range.
    """

    rows: int = 64
    tokens: int = 16_384
    waste: float = 0.1
    refill: float = 0.25
    cache: str | None = None

    def __post_init__(self) -> None:
        if self.cache not in {None, *CACHE_DTYPES}:
            known = ", ".join(CACHE_DTYPES)
            raise ConfigError(f"unknown dtype of the cache {self.cache!r}; known: {known}")
        for name in ("rows", "tokens"):
            value = getattr(self, name)
            if type(value) is not int or value < 1:
                raise ConfigError(f"{name} must be a whole number of at least 1, got {value!r}")
        for name in ("waste", "refill"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be in [0, 1], got {getattr(self, name)}")


CPU_TOKENS = 2048
"""Tokens of one prefill on a CPU: the activations of more do not stay in its caches."""


def limits_for(device: torch.device) -> Limits:
    """The default limits of a device."""
    return Limits(tokens=CPU_TOKENS) if device.type == "cpu" else Limits()


def bucket(lengths: Sequence[int], limits: Limits) -> list[list[int]]:
    """Indices of prompts in groups that are prefilled together, shortest first.

    All of a group are padded to its longest, so a group ends where one more prompt would exceed
    `limits`.
    """
    order = sorted(range(len(lengths)), key=lambda index: lengths[index])
    groups: list[list[int]] = []
    tokens = 0
    for index in order:
        length = lengths[index]
        padded = (len(groups[-1]) + 1) * length if groups else 0
        over = padded > limits.tokens or tokens + length < (1 - limits.waste) * padded
        if not groups or len(groups[-1]) == limits.rows or over:
            groups.append([])
            tokens = 0
        groups[-1].append(index)
        tokens += length
    return groups


def padding(lengths: Sequence[int], groups: Sequence[Sequence[int]]) -> float:
    """The share of padding in the prefills of some groups, in [0, 1)."""
    tokens = sum(lengths)
    padded = sum(len(group) * max(lengths[index] for index in group) for group in groups)
    return 1 - tokens / padded if padded else 0.0


class Queue:
    """Prompts that wait for their prefill, in groups of similar length."""

    def __init__(self, lengths: Sequence[int], limits: Limits) -> None:
        self._groups = bucket(lengths, limits)

    def __len__(self) -> int:
        return len(self._groups)

    def take(self, most: int) -> list[int]:
        """Remove the next group, or its first `most` prompts; at least one."""
        group = self._groups.pop(0)
        count = max(1, most)
        if len(group) > count:
            self._groups.insert(0, group[count:])
        return group[:count]

    def put_back(self, group: Sequence[int]) -> None:
        """Return a group that was too large for memory as two halves."""
        half = len(group) // 2
        self._groups[:0] = [list(group[:half]), list(group[half:])]
