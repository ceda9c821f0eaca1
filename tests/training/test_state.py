import dataclasses
from pathlib import Path

import pytest
import torch

from forethought.errors import CheckpointError, ConfigError, DataError
from forethought.training.recipe import RolloutSettings
from forethought.training.stage import ObjectiveSettings, TaskWeight
from tests import published, tiny


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def state(tiny_data, out):
    return tiny.state(tiny.recipe(tiny_data), out)


def test_the_same_recipe_makes_the_same_network(tiny_data, tmp_path, state):
    again = tiny.state(tiny.recipe(tiny_data), tmp_path / "again")
    other = tiny.state(dataclasses.replace(tiny.recipe(tiny_data), seed=8), tmp_path / "other")
    ours = dict(state.network.named_parameters())
    assert all(torch.equal(ours[n], p) for n, p in again.network.named_parameters())
    assert any(not torch.equal(ours[n], p) for n, p in other.network.named_parameters())


def test_only_matrices_decay_and_the_vision_encoder_has_its_groups(state):
    groups = {
        parameter: (group["weight_decay"], group["is_vision"])
        for group in state.optimizer.param_groups
        for parameter in group["params"]
    }
    for name, parameter in state.network.named_parameters():
        expected = (0.03 if parameter.ndim > 1 else 0.0, "visual" in name)
        assert groups.pop(parameter) == expected
    assert not groups


def test_the_network_has_the_recipes_size_and_is_ready_for_gradients(state):
    config = state.network.config
    assert config.text_config.vocab_size == tiny.SHAPE.vocabulary
    tokenizer = state.encoder.renderer.layout.tokenizer
    assert tokenizer.get_vocab_size() <= tiny.SHAPE.vocabulary
    assert config.vision_config.embed_dim == tiny.SHAPE.vision_hidden
    assert state.network.training
    assert all(parameter.requires_grad for parameter in state.network.parameters())
    assert {parameter.dtype for parameter in state.network.parameters()} == {torch.float32}


def test_a_run_may_start_from_a_checkpoint(tiny_data, tiny_model, tmp_path):
    recipe = dataclasses.replace(tiny.recipe(tiny_data), scratch=None, init=str(tiny_model))
    made = tiny.state(recipe, tmp_path)
    assert made.encoder.folder == tiny_model
    assert made.network.training
    assert not list(tmp_path.iterdir())


def test_a_fork_without_a_starting_model_is_refused_and_nothing_written(tiny_data, tmp_path):
    recipe = dataclasses.replace(tiny.recipe(tiny_data), fork_from=tmp_path / "gone")
    with pytest.raises(CheckpointError, match="train the run that `fork_from` names first"):
        tiny.state(recipe, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_task_without_examples_is_refused(tiny_data, out):
    first, second = tiny.recipe(tiny_data).stages
    mistaken = dataclasses.replace(second, tasks=(TaskWeight("nam", 0.2),))
    recipe = dataclasses.replace(tiny.recipe(tiny_data), stages=(first, mistaken))
    with pytest.raises(ConfigError, match="task weights name 'nam'; the data's tasks are"):
        tiny.state(recipe, out)


def test_data_that_are_not_built_are_refused(tmp_path):
    with pytest.raises(DataError, match="build the data with `forethought data glyphs`"):
        tiny.state(tiny.recipe(Path(tmp_path / "gone")), tmp_path / "out")


def test_a_family_that_never_thinks_cannot_learn_to(tiny_data, tmp_path):
    model = published.make("vlm2vec", tmp_path / "vlm2vec")
    stage = dataclasses.replace(
        tiny.recipe(tiny_data).stages[0],
        objectives=(
            ObjectiveSettings("direct", 0.9, settings={"temperature": 0.07}),
            ObjectiveSettings("next_token", 0.7),
        ),
    )
    recipe = dataclasses.replace(
        tiny.recipe(tiny_data),
        scratch=None,
        init=str(model),
        family="vlm2vec",
        stages=(stage,),
        gate=None,
        rollouts=RolloutSettings(budget=9, temperature=0.8, interval=3),
    )
    with pytest.raises(ConfigError, match="never thinks: leave sft, self_generated, oracle and"):
        tiny.state(recipe, tmp_path / "out")
