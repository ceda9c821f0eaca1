"""The language model's forward pass for a few more tokens a row, with a cache of any layout.

The stock layers' own weights are called one by one. Decoded tokens are text, whose three
M-RoPE positions are equal, so the rotation is plain RoPE; images are part of a prefill only.
"""

from typing import Any, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from forethought.errors import ModelError


@runtime_checkable
class DecodeCache(Protocol):
    """Keys and values of rows of different lengths."""

    def update(
        self, layer: int, keys: Float[Tensor, "N T K D"], values: Float[Tensor, "N T K D"]
    ) -> tuple[Float[Tensor, "N K W D"], Float[Tensor, "N K W D"]]:
        """Store the new tokens' keys and values; return all of the layer's, in the cache's dtype."""
        ...

    def mask(self, dtype: torch.dtype) -> Float[Tensor, "N 1 T W"]:
        """Additive attention mask of the new tokens."""
        ...


def extend(
    network: Any,  # noqa: ANN401 - transformers leaves its attributes untyped
    token_ids: Int[Tensor, "N T"],
    *,
    positions: Int[Tensor, " N"],
    cache: DecodeCache,
) -> Float[Tensor, "N T H"]:
    """Run each row's next tokens; the hidden states are the last layer's, after the final norm.

    `positions` are the M-RoPE positions of each row's first token.
    """
    text = network.model.language_model
    steps = torch.arange(token_ids.shape[1], device=positions.device)
    hidden = text.embed_tokens(token_ids)
    rotation = _rotation(text.rotary_emb, positions[:, None] + steps, dtype=hidden.dtype)
    mask = cache.mask(hidden.dtype)
    for index, layer in enumerate(text.layers):
        # Layers may be on several devices; on one device nothing is copied.
        device = layer.input_layernorm.weight.device
        hidden, mask = hidden.to(device), mask.to(device)
        queries, keys, values = _project(layer.self_attn, _norm(layer.input_layernorm, hidden))
        queries, keys = _rotate(queries, rotation), _rotate(keys, rotation)
        attended = _attend(queries, cache.update(index, keys, values), mask=mask)
        hidden = hidden + layer.self_attn.o_proj(attended)
        hidden = hidden + layer.mlp(_norm(layer.post_attention_layernorm, hidden))
    states: Tensor = text.norm(hidden)
    return states.to(positions.device)


def check_extends(network: Any) -> None:  # noqa: ANN401 - as above
    """Refuse what `extend` does not implement.

    Raises:
        ModelError: if layers use sliding-window attention, or RoPE depends on the length.
    """
    config = network.config.text_config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        raise ModelError(
            f"layer_types {', '.join(sorted(kinds))}: only full_attention is supported; "
            "set use_sliding_window to false if the context allows it"
        )
    kind = network.model.language_model.rotary_emb.rope_type
    if kind in {"dynamic", "longrope"}:
        raise ModelError(
            f"rope_type {kind!r} depends on the sequence length; use 'default', 'linear' or 'yarn'"
        )


def _rotation(
    rotary: Any,  # noqa: ANN401
    positions: Int[Tensor, "N T"],
    *,
    dtype: torch.dtype,
) -> tuple[Float[Tensor, "N T 1 D"], Float[Tensor, "N T 1 D"]]:
    angles = positions[..., None, None].float() * rotary.inv_freq.to(positions.device).float()
    scale = rotary.attention_scaling
    cos, sin = angles.cos() * scale, angles.sin() * scale
    # Rounded once, here: layers of the same dtype use the values unchanged.
    return torch.cat([cos, cos], dim=-1).to(dtype), torch.cat([-sin, sin], dim=-1).to(dtype)


def _rotate(
    states: Float[Tensor, "N T G D"], rotation: tuple[Tensor, Tensor]
) -> Float[Tensor, "N T G D"]:
    """(left, right) cos + (right, left) (-sin, sin); the rotation holds the signs."""
    cos, sin = (part.to(device=states.device, dtype=states.dtype) for part in rotation)
    return torch.addcmul(states * cos, states.roll(states.shape[-1] // 2, dims=-1), sin)


def _project(attention: Any, hidden: Float[Tensor, "N T H"]) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
    shape = (*hidden.shape[:2], -1, attention.head_dim)
    queries, keys, values = (
        project(hidden).view(shape)
        for project in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    if hasattr(attention, "q_norm"):
        queries, keys = _norm(attention.q_norm, queries), _norm(attention.k_norm, keys)
    return queries, keys, values


def _norm(norm: Any, states: Tensor) -> Tensor:  # noqa: ANN401
    return F.rms_norm(states, states.shape[-1:], norm.weight, norm.variance_epsilon)


def _attend(
    queries: Float[Tensor, "N T G D"],
    cached: tuple[Float[Tensor, "N K W D"], Float[Tensor, "N K W D"]],
    *,
    mask: Float[Tensor, "N 1 T W"],
) -> Float[Tensor, "N T E"]:
    """Grouped-query attention.

    The query heads that share a key head are folded into the query length, so keys and values
    are not repeated. On a CPU torch's fused kernel does without that, but takes three times as
    long for one or two tokens a row.
    """
    keys, values = cached
    rows, count, heads, size = queries.shape
    dtype, is_cpu = queries.dtype, queries.device.type == "cpu"
    if is_cpu and count > 2:
        attended = F.scaled_dot_product_attention(
            queries.transpose(1, 2),
            keys.to(dtype),
            values.to(dtype),
            attn_mask=mask,
            enable_gqa=True,
        )
        return attended.transpose(1, 2).flatten(2)
    shared = heads // keys.shape[1]
    folded = queries.view(rows, count, -1, shared, size).permute(0, 2, 3, 1, 4)
    folded = folded.reshape(rows, -1, shared * count, size)
    if count > 1:
        mask = mask.repeat(1, 1, shared, 1)
    # The cache may have fewer bits. Converted one at a time: the copies are what takes memory.
    if is_cpu:
        scores = (folded * size**-0.5) @ keys.to(dtype).transpose(2, 3) + mask
        attended = scores.softmax(dim=-1) @ values.to(dtype)
    else:
        attended = F.scaled_dot_product_attention(
            folded, keys.to(dtype), values.to(dtype), attn_mask=mask
        )
    unfolded: Tensor = attended.view(rows, -1, shared, count, size).permute(0, 3, 1, 2, 4)
    return unfolded.flatten(2)
