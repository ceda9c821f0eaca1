import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from forethought.backbones import LoadOptions, adapter_rows, load_checkpoint, save_checkpoint
from forethought.backbones.apply_adapter import rename
from forethought.errors import ModelError
from tests.backbones.networks import network, network_of

peft = pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings(
    "ignore:`is_gradient_checkpointing`:FutureWarning", "ignore::UserWarning"
)
WEIGHTS = "adapter_model.safetensors"
LINEAR = ["q_proj", "v_proj"]


@pytest.fixture
def base(tmp_path):
    save_checkpoint(network(), tmp_path / "base", dtype=torch.float32)
    return tmp_path / "base"


def train(base, folder, *, rows=None, **settings):
    """Save an adapter that changes something; the network with the adapter applied."""
    stock = load_checkpoint(base, LoadOptions(packed=False)).network
    if rows:
        stock.resize_token_embeddings(rows, mean_resizing=False)
    wrapped = peft.get_peft_model(
        stock, peft.LoraConfig(r=2, lora_alpha=6, **{"target_modules": LINEAR, **settings})
    )
    generator = torch.Generator().manual_seed(4)
    for name, weight in wrapped.named_parameters():
        if "lora_" in name or "modules_to_save" in name or "tokens_delta" in name:
            weight.data = torch.randn(weight.shape, generator=generator)
    wrapped.save_pretrained(folder)
    set_config(folder, base_model_name_or_path=str(base))
    return wrapped


def set_config(folder, **changes):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def rewrite(folder, change):
    tensors = change(load_file(folder / WEIGHTS))
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def older(name):
    return name.replace("model.model.language_model.", "model.model.").replace(
        "model.model.visual.", "model.visual."
    )


def states(network, *, ids=(20, 21, 22, 23)):
    given = torch.tensor([list(ids)])
    with torch.no_grad():
        return network(input_ids=given, mm_token_type_ids=torch.zeros_like(given)).logits


def expect(folder, wrapped, **options):
    found = load_checkpoint(folder, LoadOptions(**options)).network
    torch.testing.assert_close(states(found), states(wrapped.eval()), atol=1e-4, rtol=1e-4)
    return found


def refuse(folder, message):
    with pytest.raises(ModelError, match=message):
        load_checkpoint(folder)


@pytest.mark.parametrize(
    ("name", "present"),
    [
        ("model.layers.3.mlp", "model.language_model.layers.3.mlp"),
        ("model.embed_tokens.weight", "model.language_model.embed_tokens.weight"),
        ("visual.blocks.1.attn.qkv", "model.visual.blocks.1.attn.qkv"),
        ("language_model.norm", "model.language_model.norm"),
        ("model.language_model.layers.3", "model.language_model.layers.3"),
        ("model.visual.blocks.1", "model.visual.blocks.1"),
        ("lm_head.weight", "lm_head.weight"),
        ("q_proj", "q_proj"),
    ],
)
def test_names_of_older_layouts_become_the_present_ones(name, present):
    assert rename(name) == present


@pytest.mark.parametrize(
    "targets",
    [
        LINEAR,
        ["model.layers.0.self_attn.q_proj", "qkv"],
        r"model\.layers\.\d+\.self_attn\.(q|v)_proj",
        r"^(?!.*visual).*(q_proj|down_proj)",
    ],
)
@pytest.mark.parametrize("merge", [True, False])
def test_an_adapter_in_an_older_layout_does_what_it_did_when_it_was_trained(
    base, tmp_path, targets, merge
):
    present = targets
    if isinstance(targets, list):
        present = [rename(name) for name in targets]
    elif targets.startswith("model"):
        present = targets.replace("model", r"model\.language_model", 1)
    wrapped = train(base, tmp_path / "lora", target_modules=present)
    rewrite(tmp_path / "lora", lambda tensors: {older(k): v for k, v in tensors.items()})
    set_config(tmp_path / "lora", target_modules=targets)
    assert "language_model" not in str(load_file(tmp_path / "lora" / WEIGHTS).keys())
    expect(tmp_path / "lora", wrapped, merge=merge)
    plain = states(load_checkpoint(base).network)
    assert (states(wrapped) - plain).abs().max() > 0.01


@pytest.mark.parametrize("architecture", ["qwen2_5_vl", "qwen3_vl"])
def test_the_other_architectures_take_adapters_too(tmp_path, architecture):
    network_of(architecture).save_pretrained(tmp_path / "base")
    wrapped = train(tmp_path / "base", tmp_path / "lora")
    expect(tmp_path / "lora", wrapped)


def test_a_missing_tensor_is_refused_by_name(base, tmp_path):
    train(base, tmp_path / "lora")
    names = sorted(load_file(tmp_path / "lora" / WEIGHTS))
    rewrite(tmp_path / "lora", lambda tensors: {name: tensors[name] for name in names[::2]})
    refuse(tmp_path / "lora", rf"lacks {len(names) // 2} of {len(names)} tensors, first {names[1]}")


def test_a_tensor_left_over_is_refused_by_name(base, tmp_path):
    train(base, tmp_path / "lora")
    extra = "base_model.model.score.lora_A.weight"
    rewrite(tmp_path / "lora", lambda tensors: {**tensors, extra: torch.ones(2, 3)})
    refuse(tmp_path / "lora", rf"holds 1 of \d+ tensors without a place, first {extra}")


def test_an_adapter_of_another_size_is_refused(base, tmp_path):
    train(base, tmp_path / "lora")
    set_config(tmp_path / "lora", r=3)
    refuse(tmp_path / "lora", r"lora_. ?\S* is \(.*but its place is \(.*name the base it was")


def test_a_pickle_alone_is_refused_and_never_opened(base, tmp_path):
    train(base, tmp_path / "lora")
    (tmp_path / "lora" / WEIGHTS).unlink()
    refuse(tmp_path / "lora", "adapter_model.safetensors is missing; copy or train it again")
    (tmp_path / "lora" / "adapter_model.bin").write_bytes(b"code")
    refuse(tmp_path / "lora", r"only a pickle \(adapter_model.bin\), which is never opened.*save")


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs", b"\x02" + bytes(7) + b"{}"])
def test_a_damaged_adapter_is_refused(base, tmp_path, content):
    train(base, tmp_path / "lora")
    (tmp_path / "lora" / WEIGHTS).write_bytes(content)
    refuse(tmp_path / "lora", "does not fit|holds no tensor")


def add_token(folder, token, token_id):
    tokens = {"added_tokens": [{"content": token, "id": token_id}]}
    (folder / "tokenizer.json").write_text(json.dumps(tokens))


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize(
    "settings",
    [
        {"modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
        {"trainable_token_indices": {"embed_tokens": [1, 0]}},
    ],
)
def test_an_adapter_with_added_tokens_grows_its_base(base, tmp_path, settings, merge):
    size = load_checkpoint(base).vocab_size
    if "trainable_token_indices" in settings:
        settings = {"trainable_token_indices": {"embed_tokens": [size, size + 1]}}
    wrapped = train(base, tmp_path / "lora", rows=size + 2, **settings)
    add_token(tmp_path / "lora", "<think>", size + 1)
    found = load_checkpoint(tmp_path / "lora", LoadOptions(merge=merge))
    assert found.vocab_size == size + 2
    assert adapter_rows(tmp_path / "lora", size) == size + 2
    ids = (20, size, size + 1, 21)
    torch.testing.assert_close(
        states(found.network, ids=ids), states(wrapped.eval(), ids=ids), atol=1e-4, rtol=1e-4
    )


def test_an_added_token_without_an_embedding_is_refused_by_name(base, tmp_path):
    size = load_checkpoint(base).vocab_size
    train(base, tmp_path / "lora")
    add_token(tmp_path / "lora", "<think>", size + 1)
    refuse(tmp_path / "lora", rf"adds '<think>' \(1 such tokens\), .*base \({size} rows\) nor the")


def test_a_tensor_left_over_in_a_whole_checkpoint_is_refused_by_name(base):
    tensors = load_file(base / "model.safetensors")
    tensors["value_head.weight"] = torch.ones(2, 3)
    save_file(tensors, base / "model.safetensors", metadata={"format": "pt"})
    refuse(base, "1 tensors of the weights have no place in qwen2_vl, first value_head.weight")
