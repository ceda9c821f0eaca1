"""The trackers of a run, by name, and the id by which it resumes in each."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from types import MappingProxyType

from forethought.config import find
from forethought.files import write_text
from forethought.training.run_folder import RunFolder
from forethought.training.tracker import OpenTracker, TrackedRun, Tracker
from forethought.training.tracker_services import (
    TensorboardTracker,
    TrackioTracker,
    WandbTracker,
)

TRACKERS: Mapping[str, OpenTracker] = MappingProxyType(
    {"tensorboard": TensorboardTracker, "trackio": TrackioTracker, "wandb": WandbTracker}
)
"""Each needs the package of its name; any other tracker is named by its import path."""


def check_trackers(names: Sequence[str]) -> None:
    """Check, before any work, that trackers are known and installed.

    Raises:
        ConfigError: if one is unknown.
        ModuleNotFoundError: if the package of one is not installed.
    """
    for name in names:
        find(name, TRACKERS, kind="tracker")
        if name in TRACKERS and find_spec(name) is None:
            raise ModuleNotFoundError(
                f"the tracker {name!r} needs a package that is not installed: `pip install {name}`",
                name=name,
            )


@contextmanager
def open_trackers(names: Sequence[str], run: TrackedRun) -> Iterator[list[Tracker]]:
    """Begin or resume a run in each tracker, once where one is named twice; close them at the end.

    Raises:
        ConfigError: if one is unknown.
    """
    with ExitStack() as stack:
        trackers: list[Tracker] = []
        for name in dict.fromkeys(names):
            tracker = find(name, TRACKERS, kind="tracker")(run)
            stack.callback(tracker.close)
            trackers.append(tracker)
        yield trackers


def tracking_id(folder: RunFolder, *, first: int) -> str:
    """The id of the run in a folder: a new one where it begins, else that of the calls before."""
    if first and folder.tracking_id.is_file():
        return folder.tracking_id.read_text(encoding="utf-8").strip()
    drawn = secrets.token_hex(4)
    folder.path.mkdir(parents=True, exist_ok=True)
    write_text(folder.tracking_id, f"{drawn}\n")
    return drawn
