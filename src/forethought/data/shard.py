"""Every n-th example of a source."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from forethought.data.example_source import ExampleKey, ExampleSource
from forethought.errors import ConfigError
from forethought.types import Example


@dataclass(frozen=True, slots=True)
class Shard:
    """The examples `rank`, `rank + world_size`, ... of another source.

    Raises:
        ConfigError: if `rank` is not in [0, world_size).
    """

    source: ExampleSource
    rank: int
    world_size: int

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.world_size:
            raise ConfigError(
                f"rank must be from 0 to under world_size, got {self.rank} of {self.world_size}"
            )

    @property
    def _indices(self) -> range:
        return range(self.rank, len(self.source), self.world_size)

    def iter_keys(self) -> Iterator[ExampleKey]:
        """The key of every example of the part."""
        return islice(self.source.iter_keys(), self.rank, None, self.world_size)

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Example:
        return self.source[self._indices[index]]

    def __iter__(self) -> Iterator[Example]:
        return (self.source[index] for index in self._indices)

    def shard(self, rank: int, world_size: int) -> "Shard":
        """A part of this part."""
        return Shard(self, rank, world_size)
