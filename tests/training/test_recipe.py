import dataclasses
from pathlib import Path

import pytest

from forethought import config
from forethought.errors import ConfigError
from forethought.training import Recipe
from forethought.training.recipe import Rollouts, TaskWeight
from tests import tiny

RECIPE = tiny.recipe(Path("data"))  # stages of 5 and 6 steps


def test_a_step_of_the_run_has_its_place_in_a_stage():
    places = [(RECIPE.stage_at(step)[0].name, RECIPE.stage_at(step)[1]) for step in (0, 4, 5, 10)]
    assert places == [
        ("contrastive", 0),
        ("contrastive", 4),
        ("cold-start", 0),
        ("cold-start", 5),
    ]
    assert RECIPE.steps == 11
    with pytest.raises(ValueError, match="step 2 lies 2 past the run's last"):
        RECIPE.stage_at(13)


def test_a_recipe_is_the_same_behind_a_file(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.as_toml(config.dump(RECIPE)))
    assert config.load(path, Recipe) == RECIPE


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"steps": 0}, "steps must be 1 or more and batch 0 or at least 2, got 0 and 6"),
        ({"batch": 1}, "batch 0 or at least 2, got 5 and 1"),
        ({"taught": -0.1}, "taught and own are shares of a batch"),
        ({"taught": 0.6, "own": 0.5}, "together at most 1, got 0.6 and 0.5"),
    ],
)
def test_a_stage_out_of_range_is_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        dataclasses.replace(RECIPE.stages[0], **changes)


@pytest.mark.parametrize("changes", [{"budget": 0}, {"ahead": 0}, {"temperature": -0.5}])
def test_rollouts_out_of_range_are_refused(changes):
    with pytest.raises(ValueError, match="budget and ahead must be 1 or more, temperature 0 or"):
        Rollouts(**{"budget": 9, "temperature": 0.8, "ahead": 3, **changes})


def test_a_task_that_never_comes_is_refused():
    with pytest.raises(ValueError, match=r"weight of 'name' must be more than 0, got 0.0"):
        TaskWeight("name", 0.0)


def test_a_mistake_in_a_file_is_told_with_its_place(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.as_toml({**config.dump(RECIPE), "checkpoint_every": 0}))
    with pytest.raises(ConfigError, match=r"tiny.toml: checkpoint_every must be 1 or more, got 0"):
        config.load(path, Recipe)


def test_a_run_without_a_stage_and_a_stage_without_a_task_are_refused():
    idle = dataclasses.replace(RECIPE.stages[0], tasks=())
    for stages in ((), (idle,)):
        with pytest.raises(ValueError, match="at least one stage, and each stage one task; add"):
            dataclasses.replace(RECIPE, stages=stages)
