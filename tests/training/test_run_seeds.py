import dataclasses

import pytest

from forethought import config
from forethought.encoders import load
from forethought.errors import CheckpointError, ConfigError, ModelError
from forethought.training import run_seeds, train
from forethought.training.run import read_recipe
from forethought.types import no_progress
from tests import tiny
from tests.fakes import RecordedProgress


def write(path, recipe, **changes):
    path.write_text(tiny.as_toml(config.dump(dataclasses.replace(recipe, **changes))))
    return path


@pytest.fixture
def recipe(tiny_data, tiny_model):
    """One step from the committed model, without a gate."""
    whole = tiny.recipe(tiny_data, steps=(1, 1))
    return dataclasses.replace(
        whole, init=str(tiny_model), scratch=None, gate=None, stages=whole.stages[:1]
    )


def test_a_seed_is_a_run_of_its_own_and_a_finished_one_is_taken(recipe, tmp_path):
    path, runs = write(tmp_path / "short.toml", recipe), tmp_path / "runs"
    first = run_seeds(path, [1], runs=runs, open_progress=no_progress)
    assert first == {1: runs / "short-seed-1" / "model"}
    recorded = RecordedProgress()
    both = run_seeds(path, [1, 2], runs=runs, open_progress=recorded)
    assert list(both) == [1, 2]
    # Only the second is trained.
    assert [len(found) for found in recorded.parts.values()] == [1]
    revisions = {load(folder, device="cpu").revision for folder in both.values()}
    assert len(revisions) == 2


def test_an_interrupted_run_resumes(recipe, tmp_path):
    longer = dataclasses.replace(recipe.stages[0], steps=2)
    path = write(tmp_path / "short.toml", recipe, stages=(longer,), checkpoint_every=1)
    seeded = dataclasses.replace(read_recipe(path), seed=4)
    folder = tmp_path / "runs" / "short-seed-4"
    train(seeded, folder, fresh=False, max_steps=1, open_progress=no_progress)
    recorded = RecordedProgress()
    run_seeds(path, [4], runs=tmp_path / "runs", open_progress=recorded)
    (steps,) = recorded.parts.values()
    assert [step[:2] for step in steps] == [(2, 2)]


def test_a_run_of_another_recipe_is_refused_before_anything_is_trained(recipe, tmp_path):
    path, runs = write(tmp_path / "short.toml", recipe), tmp_path / "runs"
    run_seeds(path, [2], runs=runs, open_progress=no_progress)
    write(path, recipe, clip_norm=2.0)
    with pytest.raises(CheckpointError, match=r"short-seed-2: was trained by another recipe than"):
        run_seeds(path, [1, 2], runs=runs, open_progress=no_progress)
    assert not (runs / "short-seed-1").exists()


def test_a_base_that_is_missing_is_named_with_the_recipe_that_makes_it(recipe, tmp_path):
    base = write(tmp_path / "base_of_it.toml", recipe, name="base")
    (tmp_path / "broken.toml").write_text("name =")
    path = write(tmp_path / "short.toml", recipe, init="models/base")
    with pytest.raises(ModelError) as error:
        read_recipe(path)
    assert str(error.value) == (
        f"{path}: starts from models/base, which is not there; make it with "
        f"`forethought train {base}`, and copy runs/base/model to models/base"
    )


def test_a_recipe_with_a_mistake_is_refused(recipe, tmp_path):
    path = write(tmp_path / "short.toml", recipe)
    path.write_text("sead = 3\n" + path.read_text())
    with pytest.raises(ConfigError, match="unknown key 'sead'"):
        run_seeds(path, [1], runs=tmp_path / "runs", open_progress=no_progress)
