from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from forethought.errors import ConfigError
from forethought.training import TrackedRun, trackers
from forethought.training.run_folder import RunFolder
from forethought.training.trackers import check_trackers, open_trackers, tracking_id


@dataclass
class ListTracker:
    """A tracker of one's own, named by its import path."""

    run: TrackedRun
    logged: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    closed: bool = False

    def log(self, step, scalars):
        self.logged.append((step, dict(scalars)))

    def close(self):
        self.closed = True


PATH = f"{__name__}:ListTracker"


def test_a_tracker_by_its_import_path_is_opened_once_and_closed_after_an_error(tmp_path):
    run = TrackedRun("pets", "01", tmp_path, 2, {"seed": 3})
    check_trackers([PATH])
    opened: list[ListTracker] = []
    with suppress(KeyboardInterrupt), open_trackers([PATH, PATH], run) as found:
        (tracker,) = found
        assert isinstance(tracker, ListTracker)
        assert tracker.run is run
        assert not tracker.closed
        opened.append(tracker)
        raise KeyboardInterrupt
    assert opened[0].closed


def test_an_unknown_tracker_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="unknown tracker 'tensorbord'; did you mean 'tensorboa"):
        check_trackers(["tensorbord"])


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(trackers, "find_spec", lambda name: None if name == "trackio" else name)
    check_trackers(["tensorboard"])
    with pytest.raises(
        ModuleNotFoundError, match=r"'trackio' needs .*`pip install trackio`"
    ) as error:
        check_trackers(["tensorboard", "trackio"])
    assert error.value.name == "trackio"


def test_a_run_has_one_id_until_it_starts_over(tmp_path):
    folder = RunFolder(tmp_path / "run")
    drawn = tracking_id(folder, first=0)
    assert len(drawn) == 8
    assert int(drawn, 16) >= 0
    assert tracking_id(folder, first=5) == drawn
    folder.clear()
    # As a fork begins: at a step of another run's.
    forked = tracking_id(folder, first=5)
    assert forked != drawn
    assert tracking_id(folder, first=0) not in {drawn, forked}
