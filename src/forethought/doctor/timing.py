"""Time several functions side by side: warmed up, interleaved, in alternating order."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Times:
    """How long one function took, in seconds, once a round.

    Raises:
        ConfigError: if there was no round.
    """

    seconds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.seconds:
            raise ConfigError("no round was timed; set repeats to at least 1")

    @property
    def median(self) -> float:
        """The middle round."""
        return median(self.seconds)

    @property
    def low(self) -> float:
        """The fastest round."""
        return min(self.seconds)

    @property
    def high(self) -> float:
        """The slowest round."""
        return max(self.seconds)


def interleave(
    functions: Mapping[str, Callable[[], object]],
    *,
    repeats: int,
    warm_up: Mapping[str, Callable[[], object]] | None = None,
    wait: Callable[[], None] | None = None,
    timer: Callable[[], float] = time.perf_counter,
) -> dict[str, Times]:
    """Run every function once a round, in turn, and in reverse order every second round.

    Slow drifts of the machine (heat, other processes) then affect all of them alike.

    Args:
        warm_up: what runs first, untimed, by name; the function itself by default.
        wait: called before the timer is read, to let a device finish.

    Raises:
        ConfigError: if `repeats` is under 1.
    """
    if repeats < 1:
        raise ConfigError(f"repeats is {repeats}; time at least 1 round")
    wait = wait or _no_wait
    for name, function in functions.items():
        (warm_up or {}).get(name, function)()
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for number in range(repeats):
        for name in list(functions) if number % 2 == 0 else list(functions)[::-1]:
            wait()
            start = timer()
            functions[name]()
            wait()
            seconds[name].append(timer() - start)
    return {name: Times(tuple(each)) for name, each in seconds.items()}


def _no_wait() -> None:
    """A CPU has finished when the call returns."""
