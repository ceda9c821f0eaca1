"""What a plan says, beside what the run then does."""

import dataclasses
import json

import pytest

from forethought import config
from forethought.errors import CheckpointError, ConfigError, ModelError
from forethought.training import RunOptions, plan, run_plan, summarise_data, train
from forethought.training.run_folder import RunFolder
from forethought.training.run_plan import plan_run
from forethought.training.stage import TaskWeight
from forethought.training.trained_weights import AdapterSettings, TrainedSettings
from forethought.training.world import World
from forethought.types import no_progress
from tests import published, tiny


def planned(recipe, out, *, fresh=False):
    return plan_run(recipe, RunFolder(out), World(), fresh=fresh)


def test_a_plan_writes_nothing_and_counts_what_the_run_has(tiny_data, tmp_path):
    recipe = tiny.recipe(tiny_data)
    found = planned(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert (found.checkpoint, found.first) == (None, 0)
    state = tiny.state(recipe, tmp_path / "run")
    assert found.weights.all == sum(p.numel() for p in state.network.parameters())
    assert found.weights.trained == found.weights.all
    assert all(parameter.is_meta for parameter in found.model.backbone.network.parameters())
    # Of the model that the run has written by now, the same.
    again = planned(recipe, tmp_path / "run")
    assert (again.weights, again.memory) == (found.weights, found.memory)


def test_a_plan_bounds_the_tokens_of_a_step(tiny_data, tmp_path):
    recipe = tiny.recipe(tiny_data)
    found = planned(recipe, tmp_path)
    train(recipe, tmp_path, fresh=False, open_progress=no_progress)
    journal = [json.loads(line) for line in RunFolder(tmp_path).journal.read_text().splitlines()]
    for load in found.loads:
        tokens = [entry["tokens"] for entry in journal if entry["stage"] == load.stage]
        assert max(tokens) < 1.5 * load.tokens
        assert load.tokens < 3 * max(tokens)


def test_a_plan_names_the_checkpoint_that_the_run_resumes_from(tiny_data, tmp_path):
    recipe = tiny.recipe(tiny_data)
    train(recipe, tmp_path, fresh=False, max_steps=3, open_progress=no_progress)
    found = planned(recipe, tmp_path)
    assert (found.checkpoint, found.first) == (RunFolder(tmp_path).latest, 3)
    assert planned(recipe, tmp_path, fresh=True).first == 0
    with pytest.raises(CheckpointError, match="was made by another recipe"):
        planned(dataclasses.replace(recipe, clip_norm=0.7), tmp_path)


def from_checkpoint(data, folder, **changes):
    recipe = tiny.recipe(data)
    stages = tuple(
        dataclasses.replace(
            stage, objectives=tuple(o for o in stage.objectives if ":" not in o.use)
        )
        for stage in recipe.stages
    )
    changes = {"scratch": None, "init": str(folder), "stages": stages, **changes}
    return dataclasses.replace(recipe, **changes)


@pytest.fixture(scope="module")
def ume_r1(tmp_path_factory):
    return published.make("ume_r1", tmp_path_factory.mktemp("ume_r1"))


def test_an_adapter_trains_what_the_run_trains(tiny_data, ume_r1, tmp_path):
    trained = TrainedSettings(vision=False, adapter=AdapterSettings(rank=3, alpha=6.0))
    recipe = from_checkpoint(tiny_data, ume_r1, trained=trained)
    found = planned(recipe, tmp_path / "run")
    state = tiny.state(recipe, tmp_path / "run")
    parameters = list(state.network.parameters())
    assert found.weights.trained == sum(p.numel() for p in parameters if p.requires_grad)
    assert found.weights.all == sum(p.numel() for p in parameters)
    assert found.model.family.name == "ume_r1"


def test_a_large_batch_is_drawn_in_part(tiny_data, ume_r1, tmp_path):
    recipe = from_checkpoint(tiny_data, ume_r1)
    stages = tuple(dataclasses.replace(stage, batch=4096, sub_batch=512) for stage in recipe.stages)
    found = planned(dataclasses.replace(recipe, stages=stages), tmp_path)
    assert [load.scale for load in found.loads] == [64.0, 64.0]


def test_a_run_that_does_not_fit_is_refused_before_its_first_step(tiny_data, tmp_path, monkeypatch):
    recipe = tiny.recipe(tiny_data)
    monkeypatch.setattr(run_plan, "available_bytes", lambda _: 1_500_000)
    message = (
        r"tiny takes about .* MB of memory \(weights .*, activations .*\), and 1\.5 MB are "
        r"available on c.*; set grad_cache = true, gradient_checkpointing = true, a lower .* than "
        r"\d+ under \[memory\], or try it with --no-memory-check"
    )
    with pytest.raises(ConfigError, match=message):
        train(recipe, tmp_path, fresh=False, max_steps=1, open_progress=no_progress)
    assert RunFolder(tmp_path).steps == 0
    options = RunOptions(check_memory=False)
    train(recipe, tmp_path, fresh=False, max_steps=1, options=options, open_progress=no_progress)
    assert RunFolder(tmp_path).steps == 1


def test_where_the_weights_alone_do_not_fit_no_setting_of_passes_is_named(
    tiny_data, tmp_path, monkeypatch
):
    monkeypatch.setattr(run_plan, "available_bytes", lambda _: 9_000)
    with pytest.raises(ConfigError, match=r"; train an adapter .*--parallel fsdp2, start from"):
        planned(tiny.recipe(tiny_data), tmp_path).check_memory()
    monkeypatch.setattr(run_plan, "available_bytes", lambda _: None)
    planned(tiny.recipe(tiny_data), tmp_path).check_memory()


def test_what_a_run_would_refuse_a_plan_refuses(tiny_data, tmp_path, ume_r1):
    recipe = tiny.recipe(tiny_data)
    stage = dataclasses.replace(recipe.stages[0], tasks=(TaskWeight("colour", 1.0),))
    with pytest.raises(ConfigError, match="task weights name 'colour'"):
        planned(dataclasses.replace(recipe, stages=(stage,)), tmp_path)
    with pytest.raises(ModelError, match=r"someone/model: not on this machine, .*`hf download som"):
        planned(from_checkpoint(tiny_data, "someone/model"), tmp_path)
    with pytest.raises(ConfigError, match=r"VLM2Vec.* never thinks"):
        planned(from_checkpoint(tiny_data, ume_r1, family="vlm2vec"), tmp_path)


def test_a_recipe_with_a_trainer_has_no_plan(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('trainer = "mine:train"\n')
    with pytest.raises(ConfigError, match="trainer 'mine:train' cannot be imported"):
        plan(path)
    path.write_text('trainer = "forethought.nano:train_frozen_baseline"\n')
    with pytest.raises(ConfigError, match="names a trainer, whose runs are not planned"):
        plan(path)


def test_a_recipe_file_has_a_plan_and_a_summary_of_its_data(tiny_data, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(tiny.as_toml(config.dump(tiny.recipe(tiny_data))))
    found = plan(path, out=tmp_path / "run")
    data = summarise_data(found.recipe.data)
    assert data.tasks == {"keywords": 14, "name": 14}
    assert (data.examples, data.sampled, data.query_rationales, data.negatives) == (28, 28, 28, 0)
    # Each task asks for a picture by words, or for words by a picture.
    assert data.query_kinds == {"text": 14, "picture": 14}
    (files,) = data.files
    assert files.path == tiny_data.as_posix()
    assert files.size_bytes == sum(file.stat().st_size for file in tiny_data.iterdir())
