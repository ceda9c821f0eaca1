"""How long-running work reports how far it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """Called as work proceeds: how much is done, how much there is, and an optional label.

    `done` counts from the start of the call and never falls; `total` is 0 while it is unknown.
    """

    def __call__(self, done: int, total: int, label: str = "", /) -> None:
        """Report progress; it must be cheap and must not raise."""
        ...


OpenProgress = Callable[[str], AbstractContextManager[Progress]]
"""Opens the progress of one part of a long task, from what the part does."""


@contextmanager
def no_progress(part: str, /) -> Iterator[Progress]:
    """An `OpenProgress` that reports nothing."""
    del part
    yield ignore_progress


def ignore_progress(done: int, total: int, label: str = "", /) -> None:
    """A `Progress` that reports nothing."""
    del done, total, label
