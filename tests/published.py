"""Tiny checkpoints of the published systems: their architectures, tokens and templates.

The weights are random, with a spread at which completions depend on the input, and an embed
token that is likely enough to end some rationales and not others.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, trainers
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from transformers import (
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>"),
    *("<|object_ref_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
"""Special tokens of Qwen, in the order of their ids."""
PARTS = (
    "{% for content in message['content'] %}{% if content['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'video' %}"
    "<|vision_start|><|video_pad|><|vision_end|>{% elif 'text' in content %}"
    "{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
)
TURNS = (
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}"
    "{{ message['content'] }}<|im_end|>\n{% else %}" + PARTS + "{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
DEFAULT_SYSTEM_TURN = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}" + TURNS
)
"""Template of Qwen2-VL and Qwen2.5-VL, which adds a system turn where there is none."""
PLAIN = "{% for message in messages %}" + TURNS
"""Template of Qwen3-VL, for a user's turn without tools."""
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TOKENIZER_TEXTS = [
    "Represent the above input text, images, videos, or any combination of the three.",
    "system You are a helpful assistant. user Answer the question based on the given image.",
    "Find a red square beside two blue ones, the seconds of a video, 0123456789.",
]


@dataclass(frozen=True, slots=True)
class CheckpointSpec:
    """What a tiny checkpoint consists of.

    The row of the embed token in `lm_head` is the `draw`-th of a seeded generator, `scale` times
    as long as the others: chosen so that some rationales of the parity tests end with the embed
    token, at different lengths, and some at their budget.
    """

    architecture: str
    added: tuple[str, ...]
    template: str
    embed: str = ""
    draw: int = 0
    scale: float = 1.0


CHECKPOINTS = {
    "ume_r1": CheckpointSpec(
        "qwen2_vl", ("<gen_emb>", "<disc_emb>"), DEFAULT_SYSTEM_TURN, "<gen_emb>", 9, 3.0
    ),
    "rge": CheckpointSpec(
        "qwen2_5_vl",
        ("<tool_call>", "</tool_call>", "<emb>"),
        DEFAULT_SYSTEM_TURN,
        "<emb>",
        10,
        3.0,
    ),
    "mmemb_r1": CheckpointSpec(
        "qwen3_vl", ("<think>", "</think>", "<emb>"), PLAIN, "<emb>", 8, 4.0
    ),
    "qwen3_vl_embedding": CheckpointSpec("qwen3_vl", (), PLAIN),
    "vlm2vec": CheckpointSpec("qwen2_vl", (), DEFAULT_SYSTEM_TURN),
}
CHAT_MODELS = {
    "qwen2_vl": CheckpointSpec("qwen2_vl", (), DEFAULT_SYSTEM_TURN),
    "qwen2_5_vl": CheckpointSpec(
        "qwen2_5_vl", ("<tool_call>", "</tool_call>"), DEFAULT_SYSTEM_TURN
    ),
    "qwen3_vl": CheckpointSpec("qwen3_vl", ("<think>", "</think>"), PLAIN),
}
"""The models that the published systems start from, which have no embed tokens, by architecture."""
NETWORKS: dict[str, tuple[Any, Any]] = {
    "qwen2_vl": (Qwen2VLConfig, Qwen2VLForConditionalGeneration),
    "qwen2_5_vl": (Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration),
    "qwen3_vl": (Qwen3VLConfig, Qwen3VLForConditionalGeneration),
}
TEXT: dict[str, Any] = {
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "tie_word_embeddings": False,
    "initializer_range": 0.15,
    "bos_token_id": None,
}
ROPE = {"rope_type": "default", "rope_theta": 10_000.0}
VISION: dict[str, dict[str, Any]] = {
    "qwen2_vl": {
        "depth": 2,
        "embed_dim": 32,
        "num_heads": 2,
        "initializer_range": 0.15,
    },
    "qwen2_5_vl": {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 56,
        "num_heads": 2,
        "window_size": 56,
        "fullatt_block_indexes": [1],
        "tokens_per_second": 2,
        "initializer_range": 0.15,
    },
    "qwen3_vl": {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 56,
        "num_heads": 2,
        "patch_size": 16,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0, 1],
        "initializer_range": 0.15,
    },
}


def loaded(folder, **options):
    """The encoder of a folder, on the CPU; imported late, after the plugin that checks shapes."""
    from forethought.encoders import load

    return load(folder, device="cpu", **options)


def make(family: str, folder: Path, *, context: int = 1024, head: int = 16) -> Path:
    """Write a family's checkpoint as its publisher does; `head` is the width of an attention head."""
    return write(CHECKPOINTS[family], folder, context=context, head=head)


def write(spec: CheckpointSpec, folder: Path, *, context: int = 1024, head: int = 16) -> Path:
    """Write the checkpoint that a specification describes."""
    tokenizer = _tokenizer(spec)
    network = _network(spec, tokenizer, context, head)
    folder.mkdir(parents=True, exist_ok=True)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    is_qwen3 = spec.architecture == "qwen3_vl"
    processor_class: Any = Qwen2VLImageProcessorPil
    processor_class(
        patch_size=16 if is_qwen3 else 14,
        size={"shortest_edge": 3136, "longest_edge": 40_000},
        **({"image_mean": [0.5] * 3, "image_std": [0.5] * 3} if is_qwen3 else {}),
    ).save_pretrained(folder)
    return folder


def _tokenizer(spec: CheckpointSpec) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = Sequence(
        [
            Split(Regex(SPLIT), behavior="isolated"),
            ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=330, initial_alphabet=sorted(ByteLevel.alphabet()), show_progress=False
    )
    tokenizer.train_from_iterator(TOKENIZER_TEXTS, trainer)
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in SPECIAL]
    )
    # As `add_tokens` adds them by default: single tokens, and not special ones.
    tokenizer.add_tokens([AddedToken(token, special=False) for token in spec.added])
    stock: Any = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=SPECIAL[2],
        pad_token=SPECIAL[0],
    )
    stock.chat_template = spec.template
    return stock


def _network(spec: CheckpointSpec, tokenizer: Any, context: int, head: int) -> Any:
    def token_id(token: str) -> int:
        return int(tokenizer.convert_tokens_to_ids(token))

    config_class, network_class = NETWORKS[spec.architecture]
    text = {**TEXT, "vocab_size": len(tokenizer) + 5, "rope_parameters": dict(ROPE)}
    text["hidden_size"] = TEXT["num_attention_heads"] * head
    text["rope_parameters"]["mrope_section"] = [head // 8, head * 3 // 16, head * 3 // 16]
    text["max_position_embeddings"] = context
    text |= {"eos_token_id": token_id("<|im_end|>"), "pad_token_id": token_id("<|endoftext|>")}
    if spec.architecture == "qwen3_vl":
        text |= {"head_dim": head}
        text["rope_parameters"] |= {"mrope_interleaved": True}
    width = "hidden_size" if spec.architecture == "qwen2_vl" else "out_hidden_size"
    vision: dict[str, Any] = {**VISION[spec.architecture], width: text["hidden_size"]}
    config = config_class(
        text_config=text,
        vision_config=vision,
        image_token_id=token_id("<|image_pad|>"),
        video_token_id=token_id("<|video_pad|>"),
        vision_start_token_id=token_id("<|vision_start|>"),
        vision_end_token_id=token_id("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(7)
        network = network_class(config)
        # Biases and norms start as zeros and ones: code that skipped one would pass unnoticed.
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.data += 0.1 * torch.randn_like(parameter)
    if spec.embed:
        rows = network.lm_head.weight.data
        generator = torch.Generator().manual_seed(0)
        drawn = [torch.randn(rows.shape[1], generator=generator) for _ in range(spec.draw)]
        embed = token_id(spec.embed)
        rows[embed] = drawn[-1] * rows[embed].std() * spec.scale
    network.generation_config.do_sample = False
    return network
