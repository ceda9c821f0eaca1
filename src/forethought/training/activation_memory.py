"""How many bytes autograd stores of a forward pass, from the sizes of a network.

What the layers of Qwen-VL store for the backward pass, tensor by tensor, in transformers' code:
norms store their input and the normalised states in float32, linear layers their input, attention
its queries, keys, values and output, the gated feed-forward four tensors of its width. Under
bfloat16 autocast what linear layers and attention store has two bytes, and each linear layer
stores a converted copy of its input and of its weight.
"""

from dataclasses import dataclass
from typing import Any

from forethought.training.pass_size import PassSize

_WIDE, _HALF = 4, 2
"""Bytes of a number in float32 and in bfloat16."""


@dataclass(frozen=True, slots=True)
class VisionSizes:
    """The sizes of a stock vision encoder; `pixels` are the numbers of a patch."""

    hidden: int
    layers: int
    feed_forward: int
    pixels: int


@dataclass(frozen=True, slots=True)
class NetworkSizes:
    """The sizes of a network, as its config states them.

    `has_head_norms` are norms on queries and keys (Qwen3-VL). `vision` is None where no vision
    encoder is trained.
    """

    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    head_size: int
    feed_forward: int
    vocabulary: int
    has_head_norms: bool
    vision: VisionSizes | None

    def activation_bytes(self, size: PassSize, *, bf16: bool, checkpointing: bool) -> int:
        """What a pass stores; with `checkpointing` what enters each layer, and one layer's."""
        tokens = size.rows * size.length
        # A pass with padding has a mask of tokens by tokens, which each layer converts.
        mask = size.length * (_HALF if bf16 else _WIDE) if size.rows > 1 else 0
        layer = tokens * (self._token_bytes(bf16=bf16) + mask)
        inputs = tokens * _WIDE * self.hidden
        layers = self.layers * inputs + layer if checkpointing else self.layers * layer
        # The last norm, and the positions' sines and cosines.
        ends = tokens * _WIDE * (2 * self.hidden + 2 * self.head_size)
        # Log-probabilities are stored; logits and their gradients come and go.
        scored = size.scored * _WIDE * (3 * self.vocabulary + self.hidden)
        pictures = size.patches * self._patch_bytes(bf16=bf16, checkpointing=checkpointing)
        return layers + ends + scored + pictures

    def _token_bytes(self, *, bf16: bool) -> int:
        """What one text layer stores of a token."""
        narrow = _HALF if bf16 else _WIDE
        queries, keys = self.heads * self.head_size, self.key_value_heads * self.head_size
        # Autocast converts the input of q, k, v, gate and up anew for each.
        inputs = (5 if bf16 else 2) * self.hidden
        # Keys and values are repeated for every head of the queries.
        stored = narrow * (inputs + 4 * queries + 4 * self.feed_forward)
        stored += _WIDE * (4 * self.hidden + 2 + self.heads)
        if self.has_head_norms:
            stored += (narrow + _WIDE) * (queries + keys)
            stored += _WIDE * (self.heads + self.key_value_heads)
        return stored

    def _patch_bytes(self, *, bf16: bool, checkpointing: bool) -> int:
        """What the vision encoder stores of a patch: at most, over the three families."""
        vision = self.vision
        if vision is None:
            return 0
        narrow = _HALF if bf16 else _WIDE
        layer = _WIDE * 4 * vision.hidden + narrow * (9 * vision.hidden + 4 * vision.feed_forward)
        inputs = _WIDE * vision.hidden
        layers = vision.layers * inputs + layer if checkpointing else vision.layers * layer
        return layers + _WIDE * (vision.pixels + 4 * vision.hidden)


def network_sizes(network: Any) -> NetworkSizes:  # noqa: ANN401 - transformers types it loosely
    """The sizes of a network, with those of its vision encoder if any of that is trained."""
    text = network.config.text_config
    heads = int(text.num_attention_heads)
    names = {name for name, _ in network.named_parameters()}
    return NetworkSizes(
        hidden=int(text.hidden_size),
        layers=int(text.num_hidden_layers),
        heads=heads,
        key_value_heads=int(text.num_key_value_heads),
        head_size=int(getattr(text, "head_dim", None) or text.hidden_size // heads),
        feed_forward=int(text.intermediate_size),
        vocabulary=int(text.vocab_size),
        has_head_norms=any("q_norm" in name for name in names),
        vision=_vision_sizes(network),
    )


def _vision_sizes(network: Any) -> VisionSizes | None:  # noqa: ANN401
    """None for a frozen vision encoder, whose pass stores nothing."""
    config = network.config.vision_config
    blocks = getattr(network.model.visual, "blocks", None)
    if blocks is None or not any(weight.requires_grad for weight in blocks.parameters()):
        return None
    # Qwen2-VL calls the width of its layers `embed_dim`, and that of its tokens `hidden_size`.
    hidden = int(getattr(config, "embed_dim", None) or config.hidden_size)
    inner = getattr(config, "intermediate_size", None) or config.mlp_ratio * hidden
    channels = getattr(config, "in_channels", 3)
    return VisionSizes(
        hidden=hidden,
        layers=int(config.depth),
        feed_forward=int(inner),
        pixels=int(channels * config.temporal_patch_size * config.patch_size**2),
    )
