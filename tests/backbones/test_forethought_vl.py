"""Our own architecture: loaded on both roads, saved, trained beside frozen weights, refused."""

import json
import shutil

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from forethought.backbones import (
    LoadOptions,
    load_checkpoint,
    revision_of,
    save_checkpoint,
)
from forethought.backbones.load_text_network import load_text_network
from forethought.errors import ModelError


@pytest.fixture(params=["sees", "words"])
def folder(request):
    return request.getfixturevalue(request.param)


def test_text_layers_load_without_the_network_and_are_the_same(folder):
    text = load_text_network(folder)
    whole = load_checkpoint(folder, LoadOptions(packed=False)).network.state_dict()
    assert text is not None
    assert all(torch.equal(value, whole[name]) for name, value in text.state_dict().items())


def test_saved_weights_are_what_was_loaded(folder, tmp_path):
    backbone = load_checkpoint(folder)
    save_checkpoint(backbone.network, tmp_path / "again", dtype=torch.float32)
    again = load_checkpoint(tmp_path / "again").network.state_dict()
    found = backbone.network.state_dict()
    assert found.keys() == again.keys()
    assert all(torch.equal(found[name], again[name]) for name in found)


def test_frozen_weights_survive_bfloat16(sees, tmp_path):
    network = load_checkpoint(sees).network
    save_checkpoint(network, tmp_path / "half", dtype=torch.bfloat16)
    half = load_checkpoint(tmp_path / "half", LoadOptions(dtype="float32")).network.model.visual
    for name, value in network.model.visual.named_buffers():
        assert torch.equal(value, half.get_buffer(name))


def test_it_runs_in_bfloat16(sees):
    encoder_input = torch.rand(16, 3 * 2 * 56 * 56)
    backbone = load_checkpoint(sees, LoadOptions(dtype="bfloat16"))
    with torch.inference_mode():
        tokens = backbone.encode_images(encoder_input, torch.tensor([[1, 4, 4]]))
    assert tokens.dtype == torch.bfloat16
    assert tokens.isfinite().all()


def test_what_the_tower_says_does_not_depend_on_the_precision_of_the_rest(sees):
    patches, grids = torch.rand(16, 3 * 2 * 56 * 56), torch.tensor([[1, 4, 4]])
    exact, half = (
        load_checkpoint(sees, LoadOptions(dtype=dtype)).network.model.visual
        for dtype in ("float32", "bfloat16")
    )
    assert torch.equal(exact.features(patches, grids), half.features(patches, grids))


def test_a_changed_frozen_weight_is_another_revision(sees, tmp_path):
    copy = shutil.copytree(sees, tmp_path / "copy")
    assert revision_of(copy) == revision_of(sees)
    network = load_checkpoint(copy).network
    network.model.visual.class_vectors.mul_(-1)
    save_checkpoint(network, copy, dtype=torch.float32)
    assert revision_of(copy) != revision_of(sees)


def test_training_the_whole_network_leaves_the_frozen_weights(sees):
    network = load_checkpoint(sees, LoadOptions(packed=False)).network
    network.requires_grad_(requires_grad=True).train()
    trained = {name for name, _ in network.named_parameters()}
    assert "model.visual.projector.mix.weight" in trained
    assert not [name for name in trained if ".visual.net." in name or ".visual.head." in name]


def test_only_the_network_that_sees_has_a_vision_encoder(sees, words):
    assert load_checkpoint(sees).sees
    blind = load_checkpoint(words)
    assert not blind.sees
    assert blind.network.model.visual is None


@pytest.mark.parametrize(
    "stock", [transformers.AutoConfig, transformers.AutoModel, transformers.AutoModelForCausalLM]
)
def test_stock_transformers_refuse_it_by_name(folder, stock):
    with pytest.raises(ValueError, match="forethought_vl"):
        stock.from_pretrained(folder)


def test_an_unknown_tower_is_refused(sees, tmp_path):
    copy = shutil.copytree(sees, tmp_path / "copy")
    config = json.loads((copy / "config.json").read_text())
    config["vision_config"]["tower"] = "vgg"
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="names the tower 'vgg'; known: efficientnet_lite0, none"):
        _ = load_checkpoint(copy).network


def test_a_missing_frozen_tensor_is_refused(sees, tmp_path):
    copy = shutil.copytree(sees, tmp_path / "copy")
    tensors = load_file(copy / "model.safetensors")
    del tensors["model.visual.net.stem.weight"]
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"the weights lack model\.visual\.net\.stem\.weight"):
        _ = load_checkpoint(copy).network
