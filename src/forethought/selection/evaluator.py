"""The protocol of an evaluator: how well a rationale lets an input find its target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

from forethought.types import Message, Rationale


@dataclass(frozen=True, slots=True)
class Target:
    """A message of the other side, opened when it is needed; equal digests are equal messages."""

    digest: str
    open: Callable[[], Message]


@dataclass(frozen=True, slots=True)
class PairGroup:
    """An input, R candidate rationales of it, and T targets: the positive, then negatives."""

    source: Message
    targets: tuple[Target, ...]
    rationales: tuple[Rationale, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PairScores:
    """The log-odds in nats that each target matches the input: after a rationale, and without it.

    The columns are those of the positive, then of negatives; an evaluator may leave some out.
    Without a rationale there is still a row for each: what stands in its place may depend on its
    length. `bounds` counts the scores of each rationale that are known only to be larger in size.
    """

    after: Float[np.ndarray, "R T"]
    without: Float[np.ndarray, "R T"]
    bounds: tuple[int, ...] = ()


@runtime_checkable
class Evaluator(Protocol):
    """Scores pairs; the scores of a group do not depend on the other groups of a call."""

    @property
    def settings(self) -> tuple[str, ...]:
        """Everything that changes a score, as "name=value": the key of stored scores."""
        ...

    @property
    def num_negatives(self) -> int:
        """How many negatives it scores by default."""
        ...

    def score(self, groups: Sequence[PairGroup]) -> list[PairScores]:
        """Score every group, in order.

        Raises:
            ModelError: if the model cannot score pairs.
            ContentError: if an input is longer than the model's context.
        """
        ...
