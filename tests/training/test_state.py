import dataclasses
from pathlib import Path

import pytest
import torch

from forethought.errors import CheckpointError, ConfigError, DataError
from forethought.training.recipe import TaskWeight
from forethought.training.state import build_train_state
from tests import tiny


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture(scope="module")
def state(tiny_data, out):
    return build_train_state(tiny.recipe(tiny_data), out)


def test_the_same_recipe_makes_the_same_network(tiny_data, out, state):
    again = build_train_state(tiny.recipe(tiny_data), out)
    other = build_train_state(dataclasses.replace(tiny.recipe(tiny_data), seed=8), out)
    ours = dict(state.backbone.network.named_parameters())
    assert all(torch.equal(ours[n], p) for n, p in again.backbone.network.named_parameters())
    assert any(not torch.equal(ours[n], p) for n, p in other.backbone.network.named_parameters())


def test_a_tokenizer_that_is_there_is_used_again(tiny_data, tmp_path):
    path = tmp_path / "tokenizer.json"
    build_train_state(tiny.recipe(tiny_data), tmp_path)
    assert path.exists()
    marked = path.read_text().replace('"yellow"', '"yelloω"')
    path.write_text(marked)
    again = build_train_state(tiny.recipe(tiny_data), tmp_path)
    assert again.tokenizer.to_str() == type(again.tokenizer).from_str(marked).to_str()


def test_only_matrices_decay_and_the_vision_tower_is_told_apart(state):
    told = {
        parameter: (group["weight_decay"], group["sees"])
        for group in state.optimizer.param_groups
        for parameter in group["params"]
    }
    for name, parameter in state.backbone.network.named_parameters():
        expected = (0.03 if parameter.ndim > 1 else 0.0, "visual" in name)
        assert told.pop(parameter) == expected
    assert not told


def test_the_network_is_as_large_as_the_recipe_says(state):
    config = state.backbone.network.config
    assert config.text_config.vocab_size == tiny.SHAPE.vocabulary
    assert state.tokenizer.get_vocab_size() <= tiny.SHAPE.vocabulary
    assert config.vision_config.embed_dim == tiny.SHAPE.vision_hidden
    assert state.backbone.network.training


def test_a_start_without_tokenizer_is_refused_and_nothing_written(tiny_data, tmp_path):
    recipe = dataclasses.replace(tiny.recipe(tiny_data), start=tmp_path / "gone")
    with pytest.raises(CheckpointError, match="train the run that `start` names first"):
        build_train_state(recipe, tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_a_task_that_the_data_lack_is_refused(tiny_data, out):
    first, second = tiny.recipe(tiny_data).stages
    mistaken = dataclasses.replace(second, tasks=(TaskWeight("nam", 0.2),))
    recipe = dataclasses.replace(tiny.recipe(tiny_data), stages=(first, mistaken))
    with pytest.raises(ConfigError, match="task weights name 'nam'; the data's tasks are"):
        build_train_state(recipe, out)


def test_data_that_are_not_built_are_refused(tmp_path):
    with pytest.raises(DataError, match="build the data with `forethought data glyphs`"):
        build_train_state(tiny.recipe(Path(tmp_path / "gone")), tmp_path / "out")
