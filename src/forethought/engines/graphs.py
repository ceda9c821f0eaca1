"""A step run as it is written, or captured once and replayed."""

from collections.abc import Callable, Hashable
from typing import Protocol, runtime_checkable

import torch

PLACES = 128
"""On a GPU attention reads so many places at a time: a graph serves that many steps."""


@runtime_checkable
class Graphs(Protocol):
    """Runs steps of fixed shape."""

    @property
    def patience(self) -> int:
        """After how many steps the host looks for rows that closed."""
        ...

    def rows(self, count: int, *, most: int) -> int:
        """How many rows a step runs that has `count` in use."""
        ...

    def width(self, places: int, *, most: int) -> int:
        """How far a step reads whose longest row has so many places."""
        ...

    def run(self, key: Hashable, step: Callable[[], None]) -> None:
        """Run a step; the same key is always the same work on the same tensors."""
        ...


class Eager:
    """No graph: rows leave as they close, and nothing is read that no row has."""

    patience = 1

    def rows(self, count: int, *, most: int) -> int:  # noqa: ARG002 - a Graphs'
        """Just those in use."""
        return count

    def width(self, places: int, *, most: int) -> int:
        """Just what there is."""
        return min(places, most)

    def run(self, key: Hashable, step: Callable[[], None]) -> None:  # noqa: ARG002 - a Graphs'
        """Run it."""
        step()


class Captured:
    """CUDA graphs: the second step of a shape is captured, every later one replayed.

    The first runs as it is written, which also warms up what a capture may not: libraries
    that set themselves up when first called. Rows are rounded up to a power of two and widths
    to `PLACES`, so that there are few shapes.
    """

    patience = 8

    def __init__(self) -> None:
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph | None] = {}
        self._pool = torch.cuda.graph_pool_handle()

    def rows(self, count: int, *, most: int) -> int:
        """The next power of two."""
        return min(1 << (count - 1).bit_length(), most)

    def width(self, places: int, *, most: int) -> int:
        """The next multiple of `PLACES`."""
        return min(-(-places // PLACES) * PLACES, most)

    def run(self, key: Hashable, step: Callable[[], None]) -> None:
        """Replay it, if it can be."""
        if key not in self._graphs:
            self._graphs[key] = None
            step()
            return
        graph = self._graphs[key]
        if graph is None:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool):
                step()
            self._graphs[key] = graph
        graph.replay()


def graphs_for(device: torch.device) -> Graphs:
    """Graphs where a device has them."""
    return Captured() if device.type == "cuda" else Eager()
