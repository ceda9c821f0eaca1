"""The processes of a run, and what they gather from each other."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, distributed

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """The processes of a run: this one's `rank` among `size`.

    With `shards` each of them stores a part of the weights, which all of them gather for every
    pass. One process gathers nothing.
    """

    rank: int = 0
    size: int = 1
    shards: bool = False

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports progress."""
        return self.rank == 0

    @property
    def local_size(self) -> int:
        """How many of the processes are on this machine."""
        return 1 if self.size == 1 else int(os.environ.get("LOCAL_WORLD_SIZE", str(self.size)))

    def share(self, items: list[T]) -> list[T]:
        """This process's part of a list that every process has: every `size`-th."""
        return items[self.rank :: self.size]

    def gather(
        self, rows: Float[Tensor, "N ..."], *, counts: Sequence[int]
    ) -> Float[Tensor, "M ..."]:
        """The rows of all processes, by rank, with their gradients.

        A loss of them that every process computes alike has the gradient of one process with
        all rows, once gradients are averaged over the processes.

        Args:
            counts: how many rows each process has, by rank.
        """
        if self.size == 1:
            return rows
        gathered: Tensor = _Gather.apply(rows, counts, self.rank)  # type: ignore[no-untyped-call]
        return gathered

    def gather_objects(self, value: T) -> list[T]:
        """The values of all processes, by rank; they are pickled."""
        if self.size == 1:
            return [value]
        values: list[Any] = [None] * self.size
        distributed.all_gather_object(values, value)
        return values

    def most_passes(self, count: int) -> int:
        """How many passes every process must run, where they gather weights for each."""
        return max(self.gather_objects(count)) if self.shards else count

    def sum(self, count: int) -> int:
        """The sum of a count over all processes."""
        return sum(self.gather_objects(count))

    def any(self, *, holds: bool) -> bool:
        """Whether something holds in any process."""
        return any(self.gather_objects(holds))

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            distributed.barrier()


class _Gather(torch.autograd.Function):
    """Concatenates the rows of all processes; the backward pass sums what they have of each."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, counts: Sequence[int], rank: int) -> Tensor:  # noqa: ANN401, PLR0917 - autograd's
        padded = rows.new_zeros(max(counts), *rows.shape[1:])
        padded[: len(rows)] = rows
        parts = [torch.empty_like(padded) for _ in counts]
        distributed.all_gather(parts, padded)
        first = sum(counts[:rank])
        ctx.mine = slice(first, first + len(rows))
        return torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        total = gradient.clone()
        distributed.all_reduce(total)
        return total[ctx.mine], None, None


def find_world(*, shards: bool = False) -> World:
    """The world that `torchrun` or `accelerate launch` started this process in, or one alone.

    The first call of several processes connects them: by NCCL on GPUs, and else by Gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    if not distributed.is_initialized():
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        distributed.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return World(distributed.get_rank(), size, shards)


@contextmanager
def processes() -> Iterator[None]:
    """Disconnect the processes that the block has connected, so that they end together."""
    try:
        yield
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
