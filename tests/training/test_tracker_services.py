"""Runs in TensorBoard's event files and trackio's database, read back."""

import json
import sqlite3
import subprocess
import sys

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from forethought.training import TrackedRun, Tracker
from forethought.training.tracker_services import TensorboardTracker

RECIPE = {"name": "pets", "seed": 3, "stages": [{"name": "cold-start", "steps": 5}]}


def run(folder, first=0):
    return TrackedRun("pets", "0a1b2c3d", folder, first, RECIPE)


def log(tracker, steps, offset=0.0):
    for step in steps:
        tracker.log(step, {"loss": step / 4 + offset, "terms/direct": 2.5})
    tracker.close()


def read(folder):
    events = EventAccumulator(str(folder / "tensorboard"))
    events.Reload()
    return events


def test_tensorboard_has_every_scalar_and_the_recipe(tmp_path):
    tracker = TensorboardTracker(run(tmp_path))
    assert isinstance(tracker, Tracker)
    log(tracker, range(3))
    events = read(tmp_path)
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(0, 0.0), (1, 0.25), (2, 0.5)]
    assert [e.value for e in events.Scalars("terms/direct")] == [2.5] * 3
    (recipe,) = events.Tensors("recipe/text_summary")
    text = recipe.tensor_proto.string_val[0].decode()
    assert json.loads(text.removeprefix("```json\n").removesuffix("\n```")) == RECIPE


def test_a_resumed_run_takes_the_place_of_the_steps_that_it_repeats(tmp_path):
    log(TensorboardTracker(run(tmp_path)), range(5))
    log(TensorboardTracker(run(tmp_path, first=3)), range(3, 6), offset=10.0)
    found = [(e.step, e.value) for e in read(tmp_path).Scalars("loss")]
    assert found == [(0, 0.0), (1, 0.25), (2, 0.5), (3, 10.75), (4, 11.0), (5, 11.25)]


TRACKIO = """
import socket, sys
def refuse(*_): raise AssertionError("a connection was opened")
socket.socket.connect = socket.create_connection = refuse
from pathlib import Path
from forethought.training import TrackedRun
from forethought.training.tracker_services import TrackioTracker
for first, last in ((0, 3), (3, 5)):
    run = TrackedRun("pets", "0a1b2c3d", Path("."), first, {recipe!r})
    tracker = TrackioTracker(run)
    for step in range(first, last):
        tracker.log(step, {{"loss": step / 4}})
    tracker.close()
"""


@pytest.mark.slow
def test_trackio_resumes_a_run_in_its_database_and_sends_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path))
    for name in ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)
    code = TRACKIO.format(recipe=RECIPE)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    # Standard output is the command's result.
    assert ended.stdout == ""
    assert "Resumed existing run: pets-0a1b2c3d" in ended.stderr
    with sqlite3.connect(tmp_path / "forethought.db") as database:
        rows = database.execute(
            "SELECT run_name, step, metrics FROM metrics ORDER BY id"
        ).fetchall()
        ((config,),) = database.execute("SELECT config FROM configs").fetchall()
    database.close()
    assert {name for name, *_ in rows} == {"pets-0a1b2c3d"}
    assert [(step, json.loads(metrics)["loss"]) for _, step, metrics in rows] == [
        (step, step / 4) for step in range(5)
    ]
    assert json.loads(config).items() >= RECIPE.items()
