import dataclasses
import json
import shutil

import pytest
import torch
from tests import tiny
from transformers import Qwen2VLForConditionalGeneration
from transformers.utils import logging

from forethought.backbones import Loading, load_checkpoint, new_network, revision_of, save_checkpoint
from forethought.errors import ModelError

IDS = {"image": 5, "video": 6, "vision_start": 3, "vision_end": 4, "end": 2, "pad": 0}


def network(seed=1, **changes):
    shape = dataclasses.replace(tiny.SHAPE, **changes)
    return new_network(shape, token_ids=IDS, generator=torch.Generator().manual_seed(seed))


def weights(found):
    return dict(found.named_parameters())


def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before():
    first = weights(network(1))
    torch.rand(7)
    again, other = weights(network(1)), weights(network(2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_making_a_network_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    network()
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_come_back_from_disk(tmp_path, dtype):
    made = network()
    save_checkpoint(made, tmp_path, dtype=dtype)
    loaded = load_checkpoint(tmp_path).network
    stock = Qwen2VLForConditionalGeneration.from_pretrained(tmp_path, dtype=torch.float32)
    assert not loaded.training
    for name, weight in weights(made).items():
        kept = weight.to(dtype).float()
        assert torch.equal(weights(loaded)[name], kept)
        assert torch.equal(weights(stock)[name], kept)
        assert not weights(loaded)[name].requires_grad
    assert all(weight.dtype == torch.float32 for weight in made.parameters())


def test_a_checkpoint_can_be_run_in_half_precision(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.bfloat16)
    loaded = load_checkpoint(tmp_path, Loading(dtype="bfloat16")).network
    assert {weight.dtype for weight in loaded.parameters()} == {torch.bfloat16}


def test_neither_saving_nor_loading_draws_a_progress_bar(tmp_path, capfd):
    logging.enable_progress_bar()
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    load_checkpoint(tmp_path)
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    assert logging.is_progress_bar_enabled()


@pytest.fixture
def saved(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    return tmp_path


def refuse(folder, said):
    with pytest.raises(ModelError, match=said):
        load_checkpoint(folder)


def test_a_folder_without_config_is_refused(saved):
    (saved / "config.json").unlink()
    refuse(saved, r"no readable config.json .*name a folder that")


@pytest.mark.parametrize("text", ["{", "[]", "{}", "3"])
def test_a_damaged_config_is_refused(saved, text):
    (saved / "config.json").write_text(text)
    refuse(saved, "no readable config.json")


def test_another_architecture_is_refused(saved):
    (saved / "config.json").write_text(json.dumps({"model_type": "bert"}))
    refuse(saved, "model_type is 'bert'; known: qwen2_vl")


def test_missing_weights_are_refused(saved):
    (saved / "model.safetensors").unlink()
    refuse(saved, "the weights cannot be read")


def test_damaged_weights_are_refused(saved):
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    refuse(saved, "the weights cannot be read .*copy or train them again")


def test_weights_of_another_size_are_refused(saved, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    save_checkpoint(network(feed_forward=40), other, dtype=torch.float32)
    shutil.copy(other / "model.safetensors", saved)
    refuse(saved, "the weights cannot be read")


def test_a_layer_that_the_file_lacks_is_refused_and_not_drawn_at_random(saved, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    save_checkpoint(network(layers=1), other, dtype=torch.float32)
    shutil.copy(other / "model.safetensors", saved)
    refuse(saved, r"the weights lack .*layers\.1\.")


def test_the_revision_changes_with_a_weight_or_a_setting_and_nothing_else(saved):
    first = revision_of(saved)
    assert len(first) == 12
    int(first, 16)
    (saved / "README.md").write_text("a card")
    assert revision_of(saved) == first
    save_checkpoint(network(2), saved, dtype=torch.float32)
    second = revision_of(saved)
    (saved / "gate.json").write_text("{}")
    assert len({first, second, revision_of(saved)}) == 3
