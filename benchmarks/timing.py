"""Time rivals side by side: warm, interleaved, the order turning about."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Times:
    """How long one thing took, in seconds, once a round.

    Raises:
        ConfigError: if there was no round.
    """

    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.seconds:
            raise ConfigError("no round was timed; ask for at least 1 repeat")

    @property
    def median(self) -> float:
        """The round in the middle."""
        return median(self.seconds)

    @property
    def low(self) -> float:
        """The quickest round."""
        return min(self.seconds)

    @property
    def high(self) -> float:
        """The slowest round."""
        return max(self.seconds)


def interleave(
    rivals: Mapping[str, Callable[[], object]],
    *,
    repeats: int,
    warm: Mapping[str, Callable[[], object]] | None = None,
    wait: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """Run every rival once a round, in turn, and every second round in reverse.

    What drifts (heat, neighbours) then falls on all alike.

    Args:
        warm: what to run first and not time, by rival; the rival itself by default.
        wait: called before the clock is read, to let a device finish.

    Raises:
        ConfigError: if `repeats` is under 1.
    """
    if repeats < 1:
        raise ConfigError(f"repeats is {repeats}; time at least 1 round")
    done = wait or _nothing
    for name, rival in rivals.items():
        (warm or {}).get(name, rival)()
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for turn in range(repeats):
        for name in list(rivals) if turn % 2 == 0 else list(rivals)[::-1]:
            done()
            start = clock()
            rivals[name]()
            done()
            seconds[name].append(clock() - start)
    return {name: Times(tuple(taken)) for name, taken in seconds.items()}


def _nothing() -> None:
    """A processor has finished when the call returns."""
