"""Where training examples come from."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable

from forethought.types import Example


class ExampleKey(NamedTuple):
    """What batches are drawn by: an example's task and the label of its first positive."""

    task: str
    label: str


@runtime_checkable
class ExampleSource(Protocol):
    """Examples by index; images and videos are opened when an example is read.

    A source that a recipe names is a frozen dataclass whose fields are its keys there. Making
    one is cheap: its files are read at first use.
    """

    def iter_keys(self) -> Iterator[ExampleKey]:
        """The key of every example in order; opens no media."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Example:
        """Read one example.

        Raises:
            IndexError: if there is none with that index.
        """
        ...

    def __iter__(self) -> Iterator[Example]:
        """Read every example in order, one at a time."""
        ...

    def shard(self, rank: int, world_size: int) -> "ExampleSource":
        """The examples of one of `world_size` processes: every `world_size`-th from `rank` on.

        Raises:
            ConfigError: if `rank` is not in [0, world_size).
        """
        ...
