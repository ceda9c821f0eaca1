import dataclasses
from importlib.util import find_spec

import pytest

from forethought import config
from forethought.cli import packages
from forethought.training.stage import ObjectiveSettings
from tests import tiny


def test_each_part_has_a_line_and_a_run_cut_short_says_that_it_has_no_gate(
    run, tiny_data, tmp_path, monkeypatch, caplog
):
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(tiny.as_toml(config.dump(tiny.recipe(tiny_data))))
    ran = run("train", recipe, "--steps", "1")
    assert (ran.status, ran.out) == (0, "runs/tiny/model\n")
    assert ran.err.splitlines() == [
        "runs/tiny/start: learning a tokenizer, drawing weights",
        "training tiny",
    ]
    (message,) = caplog.messages
    assert message == (
        "runs/tiny: stopped after 1 of 11 steps, so no gate is fitted and think=auto embeds "
        "directly; the same command without --steps and --minutes finishes the run"
    )


def test_a_step_that_is_not_finite_is_one_line_and_status_2(run, tiny_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plain = tiny.recipe(tiny_data)
    broken = ObjectiveSettings("tests.training.broken:BrokenFrom", 0.4, settings={"number": 1})
    stage = dataclasses.replace(plain.stages[0], objectives=(*plain.stages[0].objectives, broken))
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        tiny.as_toml(config.dump(dataclasses.replace(plain, gate=None, stages=(stage,))))
    )
    ran = run("train", recipe)
    assert (ran.status, ran.out) == (2, "")
    *_, announced, message = ran.err.splitlines()
    assert announced == "training tiny"
    assert message.startswith("error: step 1: loss inf, gradient norm nan, terms {'direct'")
    assert "its 6 examples are in runs/tiny/failed-step.json; the last checkpoint is" in message


@pytest.mark.parametrize(
    ("missing", "package"), [("sklearn", "scikit-learn"), ("matplotlib", "matplotlib")]
)
def test_what_is_needed_last_is_missed_first(run, tmp_path, monkeypatch, missing, package):
    recipe = tmp_path / "some.toml"
    recipe.write_text('name = "some"\n[gate]\nprice = 0.1\n')
    monkeypatch.setattr(
        packages, "find_spec", lambda name: None if name == missing else find_spec(name)
    )
    ran = run("train", recipe)
    assert ran.status == 1
    assert ran.err.startswith(f"error: {package} is not installed; pip install {package} (one of")
    # The next mistake is found once the packages are there.
    monkeypatch.setattr(packages, "find_spec", find_spec)
    assert "missing 'seed'" in run("train", recipe).err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere.toml"], "nowhere.toml: no such recipe; name a TOML file"),
        (["RECIPE", "--steps", "0"], "--steps is 0; train for at least 1"),
        (["RECIPE", "--minutes", "0"], "--minutes is 0; train for more than 0"),
        (["RECIPE", "--parallel", "fsdp"], "--parallel is 'fsdp'; known: ddp, fsdp2"),
        (["RECIPE", "--track", "wand"], "unknown tracker 'wand'; did you mean 'wandb'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, tmp_path, words, message):
    recipe = tmp_path / "nano.toml"
    recipe.write_text("")
    ran = run("train", *[recipe if word == "RECIPE" else word for word in words])
    assert ran.status == 2
    assert message in ran.err
    assert ran.err.count("\n") == 1


@pytest.fixture
def recipe(tiny_data, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.as_toml(config.dump(tiny.recipe(tiny_data))))
    return path


@pytest.mark.parametrize(("name", "extra"), [("tensorboard", True), ("wandb", False)])
def test_a_tracker_without_its_package_is_refused_first(run, recipe, monkeypatch, name, extra):
    from forethought.training import trackers

    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    ran = run("train", recipe, "--track", name)
    assert ran.status == 1
    assert ran.err.startswith(f"error: {name} is not installed; pip install {name}")
    assert ("extra 'track'" in ran.err) == extra


def test_a_run_is_tracked_beside_its_journal(run, recipe, tmp_path):
    ran = run("train", recipe, "--out", tmp_path / "run", "--steps", "1", "--track", "tensorboard")
    assert (ran.status, ran.out) == (0, f"{tmp_path / 'run' / 'model'}\n")
    assert len(list((tmp_path / "run" / "tensorboard").iterdir())) == 1


def test_parallel_without_other_processes_is_reported(run, recipe, tmp_path, monkeypatch, caplog):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    run("train", recipe, "--out", tmp_path / "run", "--parallel", "fsdp2", "--dry-run")
    (message,) = caplog.messages
    assert message.startswith("--parallel fsdp2: there is one process, which shares with none;")


def test_a_trainer_of_its_own_takes_no_options(run, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('trainer = "forethought.nano:train_frozen_baseline"\n')
    ran = run("train", path, "--track", "tensorboard")
    assert ran.status == 2
    assert "names a trainer, which has no options such as --parallel and --track" in ran.err
