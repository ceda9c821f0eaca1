import json
import shutil
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from forethought.backbones import load_text_network as module
from forethought.backbones import save_checkpoint
from forethought.backbones.load_text_network import load_text_network, weight_files
from tests.backbones.networks import network, network_of, weights
from tests.published import NETWORKS


def text_of(folder) -> Any:
    """The text network of a folder that has a usual one."""
    loaded = load_text_network(folder)
    assert loaded is not None
    return loaded


@pytest.fixture
def saved(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    return tmp_path


@pytest.mark.parametrize("architecture", NETWORKS)
def test_every_text_weight_is_that_of_the_stock_network(tmp_path, architecture):
    stock = network_of(architecture)
    save_checkpoint(stock, tmp_path, dtype=torch.float32)
    loaded = text_of(tmp_path)
    expected = {name: weight for name, weight in weights(stock).items() if ".visual." not in name}
    assert weights(loaded).keys() == expected.keys()
    assert all(torch.equal(weights(loaded)[name], expected[name]) for name in expected)


def test_a_tied_output_layer_is_the_embeddings(saved):
    loaded = text_of(saved)
    assert loaded.lm_head.weight is loaded.model.language_model.embed_tokens.weight


def test_half_precision_becomes_float32(tmp_path):
    made = network()
    save_checkpoint(made, tmp_path, dtype=torch.bfloat16)
    found = weights(text_of(tmp_path))["model.language_model.norm.weight"]
    assert found.dtype is torch.float32
    exact = weights(made)["model.language_model.norm.weight"]
    assert torch.equal(found, exact.bfloat16().float())


def test_weights_in_several_files_are_one_network(tmp_path):
    made = network()
    made.save_pretrained(tmp_path, max_shard_size="40KB")
    assert len(weight_files(tmp_path)) > 1
    found = weights(text_of(tmp_path))
    assert all(torch.equal(weights(made)[name], weight) for name, weight in found.items())


def test_weights_are_copies_of_the_file(saved):
    loaded = text_of(saved)
    before = loaded.model.language_model.norm.weight.clone()
    path = saved / "model.safetensors"
    path.write_bytes(bytes(path.stat().st_size))
    assert torch.equal(loaded.model.language_model.norm.weight, before)


def test_no_random_number_is_drawn(saved):
    state = torch.random.get_rng_state()
    text_of(saved)
    assert torch.equal(torch.random.get_rng_state(), state)


def edit(folder, **changes):
    """Change the text settings of a config; None removes one."""
    settings = json.loads((folder / "config.json").read_text())
    text = {**settings["text_config"], **changes}
    settings["text_config"] = {name: value for name, value in text.items() if value is not None}
    (folder / "config.json").write_text(json.dumps(settings))


@pytest.mark.parametrize(
    "changes",
    [
        {"rms_norm_eps": None},
        {"num_key_value_heads": None},
        {"hidden_act": "gelu"},
        {"use_sliding_window": True},
        {"layer_types": ["full_attention", "sliding_attention"]},
        {"head_dim": 8},
        {"tie_word_embeddings": False},
        {"num_hidden_layers": 3},
        {"num_hidden_layers": 1},
        {"intermediate_size": 40},
        {"rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 2.0}},
        {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_factor": 0.5}},
        {"rope_parameters": None, "rope_theta": 1e4},
    ],
    ids=str,
)
def test_what_is_not_stated_or_unusual_is_left_to_transformers(saved, changes):
    assert load_text_network(saved) is not None
    edit(saved, **changes)
    assert load_text_network(saved) is None


def test_quantised_weights_are_left_to_transformers(saved):
    settings = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**settings, "quantization_config": {}}))
    assert load_text_network(saved) is None


@pytest.mark.parametrize("change", ["missing", "left over", "whole numbers"])
def test_other_tensors_than_those_of_the_config_are_left_to_transformers(saved, change):
    path = saved / "model.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if name.endswith("layers.1.mlp.up_proj.weight"))
    if change == "missing":
        del tensors[name]
    elif change == "left over":
        tensors["model.extra.weight"] = torch.ones(3)
    else:
        tensors[name] = tensors[name].to(torch.int8)
    save_file(tensors, path, metadata={"format": "pt"})
    assert load_text_network(saved) is None


def test_truncated_and_missing_files_are_left_to_transformers(saved, tmp_path_factory):
    copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(saved, copy, dirs_exist_ok=True)
    path = saved / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert load_text_network(saved) is None
    (copy / "model.safetensors").unlink()
    assert load_text_network(copy) is None


def test_a_large_network_is_left_to_transformers(saved, monkeypatch):
    monkeypatch.setattr(module, "MAX_PARAMETERS", 1000)
    assert load_text_network(saved) is None


def test_an_output_layer_that_was_not_published_is_absent(tmp_path):
    stock = network_of("qwen3_vl")
    save_checkpoint(stock, tmp_path, dtype=torch.float32)
    tensors = load_file(tmp_path / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert text_of(tmp_path).lm_head is None
