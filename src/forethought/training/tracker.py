"""What takes the scalars of a run besides its journal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """What identifies a run to a tracker.

    `id` stays the same over all calls that resume it, of which this one begins at step `first`.
    `recipe` holds plain tables.
    """

    name: str
    id: str
    folder: Path
    first: int
    recipe: Mapping[str, Any]


@runtime_checkable
class Tracker(Protocol):
    """Takes the scalars of a run's steps."""

    def log(self, step: int, scalars: Mapping[str, float]) -> None:
        """Add the scalars of one step."""
        ...

    def close(self) -> None:
        """Write what is pending."""
        ...


OpenTracker = Callable[[TrackedRun], Tracker]
"""Begins a run in a tracker, or resumes the one with its id."""
