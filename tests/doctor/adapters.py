"""A LoRA adapter that adds its family's tokens to a base which has no rows for them."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import Qwen2VLForConditionalGeneration

NUM_ADDED = 2
"""`<gen_emb>` and `<disc_emb>` of UME-R1."""
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def split(whole: Path, plain: Path, folder: Path, *, with_rows: bool) -> Path:
    """Write UME-R1's checkpoint `whole` as a base and an adapter; returns the adapter's folder.

    The base has the tokenizer of `plain`, a checkpoint without the added tokens, and a row for
    each of its tokens. The adapter has the tokenizer of `whole` and, `with_rows`, the
    embeddings of all tokens.
    """
    import peft

    network = Qwen2VLForConditionalGeneration.from_pretrained(whole)
    num_rows = len(_tokens(whole))
    assert len(_tokens(plain)) == num_rows - NUM_ADDED
    _resize(network, num_rows - NUM_ADDED)
    base = shutil.copytree(plain, folder / "base")
    network.save_pretrained(base)
    if with_rows:
        full = Qwen2VLForConditionalGeneration.from_pretrained(whole)
        network = _resize(full, num_rows)
    wrapped = peft.get_peft_model(
        network,
        peft.LoraConfig(
            r=2,
            lora_alpha=6,
            target_modules=["q_proj", "v_proj"],
            modules_to_save=["embed_tokens", "lm_head"] if with_rows else None,
        ),
    )
    generator = torch.Generator().manual_seed(4)
    for name, weight in wrapped.named_parameters():
        if "lora_B" in name:
            weight.data = 0.1 * torch.randn(weight.shape, generator=generator)
    adapter = folder / "adapter"
    wrapped.save_pretrained(str(adapter), save_embedding_layers=False)
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = str(base)
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    for name in _TOKENIZER:
        shutil.copyfile(whole / name, adapter / name)
    return adapter


def _resize(network: Any, num_rows: int) -> Any:
    network.resize_token_embeddings(num_rows, mean_resizing=False)
    return network


def _tokens(folder: Path) -> dict[str, int]:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
