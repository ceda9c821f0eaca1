import re

import pytest

from forethought.backbones import HeadSizes
from forethought.errors import ConfigError
from forethought.nano.baseline_trainer import train_frozen_baseline
from forethought.nano.frozen_baseline import read_head
from forethought.nano.frozen_encoders import FrozenImageEncoder, FrozenTextEncoder
from forethought.training import Trainer
from forethought.types import no_progress
from tests.fakes import RecordedProgress
from tests.nano.colours import CLASSES, Bags, MeanColour, build


def test_it_is_a_trainer():
    assert isinstance(train_frozen_baseline, Trainer)


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A recipe over the tiny data: 10 pictures in batches of 4, so 3 steps an epoch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(FrozenImageEncoder, "published", MeanColour)
    monkeypatch.setattr(FrozenTextEncoder, "published", Bags)
    monkeypatch.setattr("forethought.nano.fit_baseline.class_vectors", lambda _: CLASSES)
    build(tmp_path / "data")
    path = tmp_path / "any.toml"
    path.write_text(
        'trainer = "forethought.nano:train_frozen_baseline"\nname = "tiny"\ndata = "data"\n'
        "epochs = 2\nbatch = 4\nhidden = 5\ndropout = 0.1\n"
    )
    return path


def test_it_fits_the_recipes_head_and_reports_each_part(path):
    recorded = RecordedProgress()
    folder = train_frozen_baseline(
        path, out=None, fresh=True, max_steps=None, max_minutes=None, open_progress=recorded
    )
    assert folder.parts == ("runs", "tiny")
    assert read_head(folder).sizes == HeadSizes(4, 5, 16, 3)
    assert {
        part: [report[:2] for report in reports] for part, reports in recorded.parts.items()
    } == {
        "data/features.npz: 0 rows cached, 10 to compute": [(10, 10)],
        "data/texts.npz: 0 rows cached, 10 to compute": [(10, 10)],
        "fitting tiny": [(step, 6) for step in range(1, 7)],
    }
    assert re.fullmatch(r"loss \d+\.\d{3}", recorded.parts["fitting tiny"][-1][2])


def test_it_stops_after_so_many_steps_in_the_given_folder(path, tmp_path):
    recorded = RecordedProgress()
    folder = train_frozen_baseline(
        path,
        out=tmp_path / "head",
        fresh=True,
        max_steps=1,
        max_minutes=None,
        open_progress=recorded,
    )
    assert folder == tmp_path / "head"
    assert read_head(folder).sizes.hidden == 5
    assert [report[:2] for report in recorded.parts["fitting tiny"]] == [(1, 6)]
    assert not (tmp_path / "runs").exists()


def test_a_mistake_in_the_recipe_is_refused(tmp_path):
    path = tmp_path / "any.toml"
    path.write_text("epoch = 2\n")
    with pytest.raises(ConfigError, match="unknown key 'epoch'; did you mean 'epochs'"):
        train_frozen_baseline(
            path,
            out=None,
            fresh=True,
            max_steps=None,
            max_minutes=None,
            open_progress=no_progress,
        )


def test_a_time_limit_is_refused_since_it_cannot_go_on(path):
    with pytest.raises(ConfigError, match="leave --minutes out"):
        train_frozen_baseline(
            path, out=None, fresh=True, max_steps=None, max_minutes=3.0, open_progress=no_progress
        )
