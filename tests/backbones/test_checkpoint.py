import dataclasses
import json
import shutil
from importlib.util import find_spec

import pytest
import torch
from transformers import Qwen2VLForConditionalGeneration
from transformers.utils import logging

from forethought.backbones import (
    LoadOptions,
    load_checkpoint,
    new_network,
    revision_of,
    save_checkpoint,
)
from forethought.errors import ModelError
from tests import tiny

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
    loaded = load_checkpoint(tmp_path, LoadOptions(dtype="bfloat16")).network
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


def test_weights_in_several_files_are_one_network(tmp_path):
    made = network()
    made.save_pretrained(tmp_path, max_shard_size="40KB")
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    loaded = load_checkpoint(tmp_path).network
    assert all(torch.equal(weights(loaded)[name], weight) for name, weight in weights(made).items())


def adapter(folder, base):
    """A LoRA adapter that changes something, saved beside its base."""
    peft = pytest.importorskip("peft")
    wrapped = peft.get_peft_model(
        base, peft.LoraConfig(r=2, lora_alpha=6, target_modules=["q_proj", "v_proj"])
    )
    generator = torch.Generator().manual_seed(4)
    for name, weight in wrapped.named_parameters():
        if "lora_B" in name:
            weight.data = torch.randn(weight.shape, generator=generator)
    wrapped.save_pretrained(folder)
    return wrapped


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
@pytest.mark.parametrize("merge", [True, False])
def test_an_adapter_is_merged_into_its_base_or_applied(tmp_path, merge):
    save_checkpoint(network(), tmp_path / "base", dtype=torch.float32)
    wrapped = adapter(tmp_path / "lora", load_checkpoint(tmp_path / "base").network)
    told = tmp_path / "lora" / "adapter_config.json"
    settings = json.loads(told.read_text())
    told.write_text(json.dumps({**settings, "base_model_name_or_path": str(tmp_path / "base")}))
    ids = torch.tensor([[20, 21, 22, 23]])
    kinds = torch.zeros_like(ids)
    merged = load_checkpoint(tmp_path / "lora", LoadOptions(merge=merge)).network
    assert bool([name for name in weights(merged) if "lora" in name]) is not merge
    torch.testing.assert_close(
        merged(input_ids=ids, mm_token_type_ids=kinds).logits,
        wrapped(input_ids=ids, mm_token_type_ids=kinds).logits,
        atol=1e-4,
        rtol=1e-4,
    )


def test_an_adapter_without_its_base_is_refused(tmp_path):
    pytest.importorskip("peft")
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "gone/base"}')
    refuse(tmp_path, r"its base model 'gone/base' is no folder here; download it")
    (tmp_path / "adapter_config.json").write_text("{}")
    refuse(tmp_path, r"no readable adapter_config.json")


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"dtype": "int3"}, "unknown dtype 'int3'; known: auto, float32, bfloat16, float16"),
        ({"quantize": "1bit"}, "unknown quantize '1bit'; known: 4bit, 8bit"),
    ],
)
def test_a_way_of_loading_nobody_knows_is_refused(setting, said):
    with pytest.raises(ModelError, match=said):
        LoadOptions(**setting)


def test_quantising_without_its_library_is_refused(saved):
    if find_spec("bitsandbytes"):
        pytest.skip("the library is installed")
    with pytest.raises(ModelError, match=r"quantize='4bit' needs the package bitsandbytes"):
        load_checkpoint(saved, LoadOptions(quantize="4bit"))


def test_the_way_attention_is_computed_can_be_chosen(saved):
    plain = load_checkpoint(saved, LoadOptions(attention="eager")).network
    assert plain.config._attn_implementation == "eager"  # noqa: SLF001 - transformers has no other
    refuse_attention = LoadOptions(attention="telepathy")
    with pytest.raises(ModelError, match=r"cannot be read .*telepathy"):
        load_checkpoint(saved, refuse_attention)
