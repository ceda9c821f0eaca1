"""Weights in and out of a folder: safetensors only."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel, Qwen2VLConfig, Qwen2VLForConditionalGeneration
from transformers.utils import logging

from forethought.backbones.qwen_vl import QwenVL
from forethought.errors import ModelError


@dataclass(frozen=True, slots=True)
class Shape:
    """The size of a Qwen2-VL network."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    feed_forward: int
    context: int
    vision_hidden: int
    vision_layers: int
    vision_heads: int
    spread: float
    """The standard deviation of a fresh weight."""


def new_network(
    shape: Shape, *, token_ids: dict[str, int], generator: torch.Generator
) -> Qwen2VLForConditionalGeneration:
    """Make a network with fresh weights.

    `token_ids` names `image`, `video`, `vision_start`, `vision_end`, `end` and `pad`.
    """
    head = shape.hidden // shape.heads
    # M-RoPE's published split of a head's half: a quarter for time, three eighths a side.
    sections = [head // 8, head * 3 // 16, head // 2 - head // 8 - head * 3 // 16]
    config = Qwen2VLConfig(
        text_config={
            "vocab_size": shape.vocabulary,
            "hidden_size": shape.hidden,
            "intermediate_size": shape.feed_forward,
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.key_value_heads,
            "max_position_embeddings": shape.context,
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": sections,
            },
            "tie_word_embeddings": True,
            "initializer_range": shape.spread,
            "bos_token_id": None,
            "eos_token_id": token_ids["end"],
            "pad_token_id": token_ids["pad"],
        },
        vision_config={
            "depth": shape.vision_layers,
            "embed_dim": shape.vision_hidden,
            "hidden_size": shape.hidden,
            "num_heads": shape.vision_heads,
            "mlp_ratio": 4,
            "initializer_range": shape.spread,
        },
        image_token_id=token_ids["image"],
        video_token_id=token_ids["video"],
        vision_start_token_id=token_ids["vision_start"],
        vision_end_token_id=token_ids["vision_end"],
        tie_word_embeddings=True,
    )
    # The network's own initialisation draws from the global generator: lend it ours.
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(generator.get_state())
        return Qwen2VLForConditionalGeneration(config)


def load_checkpoint(folder: Path, *, dtype: torch.dtype, device: torch.device) -> QwenVL:
    """Load a folder's config and safetensors into a stock network, ready to embed.

    Raises:
        ModelError: if a file is missing or damaged, or the architecture is another.
    """
    try:
        architecture = json.loads((folder / "config.json").read_text())["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable config.json ({error}); name a folder that "
            "`forethought train` or `save_pretrained` wrote"
        ) from None
    if architecture != "qwen2_vl":
        raise ModelError(f"{folder}: model_type is {architecture!r}; known: qwen2_vl")
    try:
        with _no_bars():
            loaded: Any = Qwen2VLForConditionalGeneration.from_pretrained(
                folder,
                dtype=dtype,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except (OSError, SafetensorError, RuntimeError, ValueError) as error:
        raise ModelError(
            f"{folder}: the weights cannot be read ({error}); copy or train them again"
        ) from None
    network, told = loaded
    # Left alone, a tensor that the file lacks would silently be drawn at random.
    if told["missing_keys"]:
        raise ModelError(
            f"{folder}: the weights lack {min(told['missing_keys'])}; copy or train them again"
        )
    return QwenVL(network.to(device).eval().requires_grad_(requires_grad=False))


def save_checkpoint(network: PreTrainedModel, folder: Path, *, dtype: torch.dtype) -> None:
    """Write config and safetensors; the network itself keeps its own precision."""
    folder.mkdir(parents=True, exist_ok=True)
    tied = {"lm_head.weight"} if network.config.tie_word_embeddings else set()
    state = {
        name: value.to(dtype) for name, value in network.state_dict().items() if name not in tied
    }
    with _no_bars():
        network.save_pretrained(folder, state_dict=state)


@contextmanager
def _no_bars() -> Iterator[None]:
    """Keep transformers' progress bars off for a while: nobody asked for them."""
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def revision_of(folder: Path) -> str:
    """Twelve hex digits over every weight and setting in a folder."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".json"}:
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
