"""A Qwen2-VL network with fresh weights."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from transformers import Qwen2VLForConditionalGeneration


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
    """Standard deviation of the initial weights."""


def new_network(
    shape: Shape, *, token_ids: dict[str, int], generator: torch.Generator
) -> "Qwen2VLForConditionalGeneration":
    """Make a network with weights drawn by `generator`.

    `token_ids` has the keys `image`, `video`, `vision_start`, `vision_end`, `end` and `pad`.
    """
    import transformers  # noqa: PLC0415 - slow

    head = shape.hidden // shape.heads
    # M-RoPE's published split of half a head: a quarter for time, three eighths each for row
    # and column.
    sections = [head // 8, head * 3 // 16, head // 2 - head // 8 - head * 3 // 16]
    config = transformers.Qwen2VLConfig(
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
    # The network initialises itself from the global generator, whose state is set meanwhile.
    with torch.random.fork_rng(devices=[]):
        torch.random.set_rng_state(generator.get_state())
        return transformers.Qwen2VLForConditionalGeneration(config)
