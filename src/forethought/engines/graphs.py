"""Decode steps run eagerly, or captured as CUDA graphs and replayed."""

import functools
import threading
import warnings
from collections.abc import Callable, Collection, Hashable
from typing import Protocol, runtime_checkable

import torch

WIDTH_MULTIPLE = 128
"""Under graphs, attention reads a multiple of this many cache positions: few shapes to capture."""

Step = Callable[[], object]

_CAPTURE_LOCK = threading.Lock()


@runtime_checkable
class Graphs(Protocol):
    """Runs steps of fixed shape."""

    @property
    def sync_interval(self) -> int:
        """After how many steps the host checks which rows ended."""
        ...

    def pad_rows(self, count: int, *, most: int) -> int:
        """How many rows a step runs when `count` are in use."""
        ...

    def pad_width(self, width: int, *, most: int) -> int:
        """How many cache positions a step reads when the longest row has `width`."""
        ...

    def run(self, key: Hashable, step: Step) -> None:
        """Run a step; the same key means the same work on the same tensors."""
        ...


class Eager:
    """No graphs: rows leave as soon as they end, and only the rows in use are computed."""

    sync_interval = 1

    def pad_rows(self, count: int, *, most: int) -> int:  # noqa: ARG002 - of the protocol
        """No padding."""
        return count

    def pad_width(self, width: int, *, most: int) -> int:
        """No padding."""
        return min(width, most)

    def run(self, key: Hashable, step: Step) -> None:  # noqa: ARG002 - of the protocol
        """Run the step."""
        step()


class Captured:
    """Graphs: the second step of a shape is captured, every later one replayed.

    The first runs eagerly, which warms up libraries that initialise themselves when first
    called, as a capture may not. Rows are padded to a power of two and widths to
    `WIDTH_MULTIPLE`, so that there are few shapes. A step that cannot be captured, as some
    layers wait for the device, runs eagerly; a failed capture has no effect.
    """

    sync_interval = 8

    def __init__(self, capture: Callable[[Step], Step]) -> None:
        self._capture = capture
        self._failed = False
        self._replays: dict[Hashable, Step | None] = {}

    def pad_rows(self, count: int, *, most: int) -> int:
        """The next power of two."""
        return min(1 << (count - 1).bit_length(), most)

    def pad_width(self, width: int, *, most: int) -> int:
        """The next multiple of `WIDTH_MULTIPLE`."""
        return min(-(-width // WIDTH_MULTIPLE) * WIDTH_MULTIPLE, most)

    def run(self, key: Hashable, step: Step) -> None:
        """Replay the step, capturing it first if need be."""
        if key not in self._replays:
            self._replays[key] = None
            step()
            return
        replay = self._replays[key] or self._captured(step)
        self._replays[key] = replay
        replay()

    def _captured(self, step: Step) -> Step:
        if self._failed:
            return step
        try:
            return self._capture(step)
        except RuntimeError as error:
            # Other shapes would most likely fail too, and each attempt is slow.
            self._failed = True
            warnings.warn(
                f"decode steps run without CUDA graphs, as they cannot be captured: {error}",
                stacklevel=2,
            )
            return step


class CudaCapture:
    """Captures steps on one device.

    The graphs run one after another and keep nothing between them, so they share one pool.
    """

    def __init__(self, device: torch.device) -> None:
        self._stream = _capture_stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, step: Step) -> Step:
        """Capture a step without running it; calling the result runs it."""
        graph = torch.cuda.CUDAGraph()
        with (
            _CAPTURE_LOCK,
            # torch does not leave the capture's stream by itself when a capture fails.
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
    """CUDA graphs where one GPU holds all weights, else none.

    Not under autocast: it casts weights to temporary tensors, which are freed when it ends.
    """
    first, *others = devices
    if others or first.type != "cuda" or torch.is_autocast_enabled("cuda"):
        return Eager()
    return Captured(CudaCapture(first))


@functools.cache
def _capture_stream(device: torch.device) -> torch.cuda.Stream:
    """The one stream of a device for captures: libraries keep a workspace for each stream."""
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
