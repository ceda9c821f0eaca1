"""A step run as it is written, or captured once and replayed."""

import functools
import threading
import warnings
from collections.abc import Callable, Collection, Hashable
from typing import Protocol, runtime_checkable

import torch

PLACES = 128
"""On a GPU attention reads so many places at a time: a graph serves that many steps."""

Step = Callable[[], object]

_ONE_AT_A_TIME = threading.Lock()


@runtime_checkable
class Graphs(Protocol):
    """Runs steps of fixed shape."""

    @property
    def sync_interval(self) -> int:
        """After how many steps the host looks for rows that closed."""
        ...

    def rows(self, count: int, *, most: int) -> int:
        """How many rows a step runs that has `count` in use."""
        ...

    def width(self, places: int, *, most: int) -> int:
        """How far a step reads whose longest row has so many places."""
        ...

    def run(self, key: Hashable, step: Step) -> None:
        """Run a step; the same key is always the same work on the same tensors."""
        ...


class Eager:
    """No graph: rows leave as they close, and nothing is read that no row has."""

    sync_interval = 1

    def rows(self, count: int, *, most: int) -> int:  # noqa: ARG002 - a Graphs'
        """Just those in use."""
        return count

    def width(self, places: int, *, most: int) -> int:
        """Just what there is."""
        return min(places, most)

    def run(self, key: Hashable, step: Step) -> None:  # noqa: ARG002 - a Graphs'
        """Run it."""
        step()


class Captured:
    """Graphs: the second step of a shape is recorded, every later one replayed.

    The first runs as it is written, which also warms up what a recording may not: libraries
    that set themselves up when first called. Rows are rounded up to a power of two and widths
    to `PLACES`, so that there are few shapes. A step that cannot be recorded, for some layers
    ask the host, runs as it is written: recording it changed nothing.
    """

    sync_interval = 8

    def __init__(self, record: Callable[[Step], Step]) -> None:
        self._record = record
        self._fails = False
        self._replays: dict[Hashable, Step | None] = {}

    def rows(self, count: int, *, most: int) -> int:
        """The next power of two."""
        return min(1 << (count - 1).bit_length(), most)

    def width(self, places: int, *, most: int) -> int:
        """The next multiple of `PLACES`."""
        return min(-(-places // PLACES) * PLACES, most)

    def run(self, key: Hashable, step: Step) -> None:
        """Replay it, if it can be."""
        if key not in self._replays:
            self._replays[key] = None
            step()
            return
        replay = self._replays[key] or self._recorded(step)
        self._replays[key] = replay
        replay()

    def _recorded(self, step: Step) -> Step:
        if self._fails:
            return step
        try:
            return self._record(step)
        except RuntimeError as error:
            # What one shape may not, others may not either; and each try is slow.
            self._fails = True
            warnings.warn(
                f"steps run one kernel at a time, for they cannot be captured: {error}",
                stacklevel=2,
            )
            return step


class CudaRecorder:
    """Captures steps on one device, as CUDA graphs.

    They run one after another and leave nothing behind, so they share what memory they need.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = _stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, step: Step) -> Step:
        """Capture a step, without running it; what comes back runs it."""
        graph = torch.cuda.CUDAGraph()
        with (
            _ONE_AT_A_TIME,
            # Where a capture fails torch does not leave its stream by itself.
            torch.cuda.stream(self._stream),
            # Other threads may pin memory meanwhile.
            torch.cuda.graph(
                graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local"
            ),
        ):
            step()
        replay: Step = graph.replay
        return replay


def graphs_for(devices: Collection[torch.device]) -> Graphs:
    """Graphs where all weights lie on one device that has them.

    Not under autocast: it casts weights to tensors of its own, and drops them when it ends.
    """
    first, *others = devices
    if others or first.type != "cuda" or torch.is_autocast_enabled("cuda"):
        return Eager()
    return Captured(CudaRecorder(first))


@functools.cache
def _stream(device: torch.device) -> torch.cuda.Stream:
    """The one stream of a device to capture on: libraries keep a workspace for each they meet."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
