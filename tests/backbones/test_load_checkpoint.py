import json
import shutil
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file, save_file

from forethought.backbones import LoadOptions, load_checkpoint, network_class, save_checkpoint
from forethought.errors import ModelError
from tests.backbones.networks import network, weights


def test_a_checkpoint_can_be_run_in_half_precision(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.bfloat16)
    loaded = load_checkpoint(tmp_path, LoadOptions(dtype="bfloat16")).network
    assert {weight.dtype for weight in loaded.parameters()} == {torch.bfloat16}


@pytest.fixture
def saved(tmp_path):
    save_checkpoint(network(), tmp_path, dtype=torch.float32)
    return tmp_path


def refuse(folder, message):
    with pytest.raises(ModelError, match=message):
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


def test_a_layer_missing_from_the_file_is_refused_and_not_initialised_at_random(
    saved, tmp_path_factory
):
    other = tmp_path_factory.mktemp("other")
    save_checkpoint(network(layers=1), other, dtype=torch.float32)
    shutil.copy(other / "model.safetensors", saved)
    refuse(saved, r"the weights lack .*layers\.1\.")


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
    path = tmp_path / "lora" / "adapter_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps({**settings, "base_model_name_or_path": str(tmp_path / "base")}))
    ids = torch.tensor([[20, 21, 22, 23]])
    types = torch.zeros_like(ids)
    merged = load_checkpoint(tmp_path / "lora", LoadOptions(merge=merge)).network
    assert bool([name for name in weights(merged) if "lora" in name]) is not merge
    torch.testing.assert_close(
        merged(input_ids=ids, mm_token_type_ids=types).logits,
        wrapped(input_ids=ids, mm_token_type_ids=types).logits,
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
    ("setting", "message"),
    [
        ({"dtype": "int3"}, "unknown dtype 'int3'; known: auto, float32, bfloat16, float16"),
        ({"quantize": "1bit"}, "unknown quantize '1bit'; known: 4bit, 8bit"),
    ],
)
def test_an_unknown_load_option_is_refused(setting, message):
    with pytest.raises(ModelError, match=message):
        LoadOptions(**setting)


def test_quantising_without_bitsandbytes_is_refused(saved):
    if find_spec("bitsandbytes"):
        pytest.skip("the library is installed")
    with pytest.raises(ModelError, match=r"quantize='4bit' needs the package bitsandbytes"):
        load_checkpoint(saved, LoadOptions(quantize="4bit"))


def test_the_attention_implementation_can_be_chosen(saved):
    plain = load_checkpoint(saved, LoadOptions(attention="eager")).network
    assert plain.config._attn_implementation == "eager"  # noqa: SLF001 - transformers has no other


@pytest.mark.parametrize("attention", ["telepathy", "flash_attention_2"])
def test_an_attention_that_is_not_here_is_no_fault_of_the_weights(saved, attention):
    if attention != "telepathy" and find_spec("flash_attn"):
        pytest.skip("the library is installed")
    with pytest.raises(
        ModelError, match=rf"^attention='{attention}' cannot be used here \(.*or use 'sdpa' or"
    ):
        load_checkpoint(saved, LoadOptions(attention=attention))


def test_weights_that_are_only_a_pickle_are_refused_and_never_opened(saved):
    (saved / "model.safetensors").unlink()
    (saved / "pytorch_model.bin").write_bytes(b"code")
    refuse(saved, r"only pickles \(pytorch_model.bin\), which are never opened.*convert them")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), "do not fit into the memory of cpu .*dtype"),
        (MemoryError(), r"do not fit into the memory of cpu \(MemoryError\)"),
        (ImportError("needs `gizmo`"), r"a package is missing \(needs `gizmo`\); install it"),
        (ValueError("requires `accelerate`"), "a package is missing"),
        (OSError("no disk"), r"the weights cannot be read \(no disk\); copy or train"),
    ],
)
def test_each_reason_has_its_own_way_out(saved, monkeypatch, error, message):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(network_class("qwen2_vl"), "from_pretrained", fail)
    with pytest.raises(ModelError, match=message):
        _ = load_checkpoint(saved).network


def without_vision_tensor(folder):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors[next(name for name in tensors if name.endswith("merger.ln_q.weight"))]
    save_file(tensors, path, metadata={"format": "pt"})


def test_a_missing_vision_tensor_is_refused_with_the_first_picture(saved):
    without_vision_tensor(saved)
    loaded = load_checkpoint(saved)
    for _ in range(2):
        with pytest.raises(ModelError, match=r"the weights lack model\.visual\.merger\.ln_q"):
            loaded.encode_images(torch.zeros(4, 1176), torch.tensor([[1, 2, 2]]))


@pytest.mark.parametrize("options", [LoadOptions(dtype="bfloat16"), LoadOptions(attention="sdpa")])
def test_other_options_need_the_whole_network_at_once(saved, options):
    without_vision_tensor(saved)
    with pytest.raises(ModelError, match=r"the weights lack model\.visual"):
        load_checkpoint(saved, options)


@pytest.mark.parametrize("change", ["rewritten", "removed"])
def test_a_checkpoint_that_changed_after_it_was_loaded_is_refused(saved, change):
    loaded = load_checkpoint(saved)
    if change == "removed":
        shutil.rmtree(saved)
    else:
        save_checkpoint(network(seed=2, feed_forward=40), saved, dtype=torch.float32)
    with pytest.raises(ModelError, match=r"were changed or removed since it was .*load it again"):
        _ = loaded.network


def test_a_network_loaded_in_inference_mode_can_be_trained(saved):
    loaded = load_checkpoint(saved)
    with torch.inference_mode():
        made = loaded.network
    assert not any(weight.is_inference() for weight in made.parameters())
