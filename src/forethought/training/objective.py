"""What a term of the loss is, and what it is computed from."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeVar, cast, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from forethought.data import ExampleSource
from forethought.encoders import ReasoningEncoder
from forethought.training.pair_batch import PairBatch
from forethought.training.reader import Reader
from forethought.types import OpenProgress, no_progress

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class RunContext:
    """What an objective may use of a run: the model, the data, the seed.

    `open_progress` is for what takes more than a few seconds to prepare.
    """

    encoder: ReasoningEncoder
    reader: Reader
    source: ExampleSource
    seed: int
    open_progress: OpenProgress = no_progress
    _resources: dict[Hashable, object] = field(default_factory=dict, init=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Make something that several objectives or stages share; a second call returns it."""
        if key not in self._resources:
            self._resources[key] = make()
        return cast("T", self._resources[key])


@dataclass(frozen=True, eq=False)
class StepInputs:
    """What an objective may use of a step: the number of the batch, and its pairs.

    The forward pass over the pairs runs when the first objective reads `pairs`. With accumulation a
    step has several batches, each with a number of its own.
    """

    number: int
    read_pairs: Callable[[], PairBatch]

    @cached_property
    def pairs(self) -> PairBatch:
        """The step's pairs with their states."""
        return self.read_pairs()


LossTerm = Callable[[StepInputs], Float[Tensor, ""] | None]
"""Computes one term of a step's loss; None where the step has nothing for it."""


@runtime_checkable
class Objective(Protocol):
    """A term of the loss, as a recipe names it: a frozen dataclass whose fields are its keys."""

    def bind(self, run: RunContext) -> LossTerm:
        """Load what it needs and return the function that computes it.

        Raises:
            ConfigError: if it cannot be computed in this run.
        """
        ...


@runtime_checkable
class FeedsRows(Protocol):
    """An objective that feeds rows of its own to the network, beside the pairs'.

    The estimate of a run's memory counts them.
    """

    @property
    def num_rows(self) -> int:
        """How many rows a step feeds."""
        ...
