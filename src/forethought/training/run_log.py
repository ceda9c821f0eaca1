"""Where a run reports its steps: the journal, its trackers, and the progress of the command."""

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from forethought.config import dump
from forethought.training.journal import Journal
from forethought.training.recipe import Recipe
from forethought.training.run_folder import RunFolder
from forethought.training.tracker import TrackedRun, Tracker
from forethought.training.trackers import open_trackers, tracking_id
from forethought.types import OpenProgress, Progress

_WINDOW = 32
"""Steps of the mean: a run samples rationales only every few steps."""


@dataclass(slots=True)
class TokenRate:
    """Tokens a second over the last steps of a call; `began` is the monotonic time of its start."""

    began: float = field(default_factory=time.monotonic)
    _steps: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_WINDOW))

    def add(self, tokens: int, now: float) -> float:
        """The rate with one more step, of so many tokens, that has ended now."""
        if len(self._steps) == _WINDOW:
            self.began, _ = self._steps[0]
        self._steps.append((now, tokens))
        return sum(tokens for _, tokens in self._steps) / max(now - self.began, 1e-9)


@dataclass(frozen=True, slots=True)
class RunLog:
    """Reports steps; of several processes, the first one's does.

    A step's entry has the keys of `train_one_step`.
    """

    journal: Journal
    trackers: Sequence[Tracker]
    progress: Progress
    total: int
    rate: TokenRate = field(default_factory=TokenRate)

    def add(self, entry: Mapping[str, Any], **more: object) -> None:
        """Report a step that was taken; the journal's line has `more` as well."""
        self.journal.write({**entry, **more})
        rate = self.rate.add(entry["tokens"], time.monotonic())
        for tracker in self.trackers:
            tracker.log(entry["step"], scalars(entry, tokens_per_second=rate))
        self.progress(entry["step"] + 1, self.total, describe(entry, tokens_per_second=rate))


@contextmanager
def open_log(
    recipe: Recipe,
    folder: RunFolder,
    *,
    first: int,
    track: Sequence[str],
    open_progress: OpenProgress,
) -> Iterator[RunLog]:
    """Open what reports the steps of a call, which begins at step `first`."""
    journal = Journal(folder.journal)
    journal.truncate(first)
    run_id = tracking_id(folder, first=first) if track else ""
    run = TrackedRun(recipe.name, run_id, folder.path, first, dump(recipe))
    with (
        open_trackers(track, run) as trackers,
        open_progress(f"training {recipe.name}") as progress,
    ):
        yield RunLog(journal, trackers, progress, recipe.steps)


def scalars(entry: Mapping[str, Any], *, tokens_per_second: float) -> dict[str, float]:
    """A step's numbers by name; those of the loss's terms begin with `terms/`."""
    named = {name: float(entry[name]) for name in ("loss", "rate", "norm")}
    terms = {f"terms/{name}": float(value) for name, value in entry["terms"].items()}
    return {**named, **terms, "tokens_per_second": tokens_per_second}


def describe(entry: Mapping[str, Any], *, tokens_per_second: float) -> str:
    """A step in words: stage, loss, tokens a second, the loss's terms."""
    terms = ", ".join(f"{name} {value:.3f}" for name, value in entry["terms"].items())
    # The terms last: a narrow terminal cuts them off.
    return f"{entry['stage']} loss {entry['loss']:.3f}, {tokens_per_second:,.0f} tokens/s ({terms})"
