"""A few more tokens behind what rows have read: the language model's pass, written out.

The stock layers are called one by one, with their own weights. Text stands at one place in
time, row and column, so M-RoPE is the plain rotation here; pictures are read in prefills.
"""

from typing import Any, Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from forethought.errors import ModelError


@runtime_checkable
class DecodeCache(Protocol):
    """Keys and values of rows that go on, each from its own end."""

    def update(
        self, layer: int, keys: Float[Tensor, "N T K D"], values: Float[Tensor, "N T K D"]
    ) -> tuple[Float[Tensor, "N K W D"], Float[Tensor, "N K W D"]]:
        """Take the new tokens' in; give all that rows may look at, as they are kept."""
        ...

    def mask(self, dtype: torch.dtype) -> Float[Tensor, "N 1 T W"]:
        """What each new token may look at, to be added to attention's scores."""
        ...


def extend(
    network: Any,  # noqa: ANN401 - transformers types none of what is asked of it
    token_ids: Int[Tensor, "N T"],
    *,
    positions: Int[Tensor, " N"],
    cache: DecodeCache,
) -> Float[Tensor, "N T H"]:
    """Feed each row its next tokens; the states are the last layer's, after the final norm.

    `positions` are of the first of them.
    """
    text = network.model.language_model
    steps = torch.arange(token_ids.shape[1], device=positions.device)
    hidden = text.embed_tokens(token_ids)
    rotation = _rotation(text.rotary_emb, positions[:, None] + steps, dtype=hidden.dtype)
    mask = cache.mask(hidden.dtype)
    for place, layer in enumerate(text.layers):
        # Layers may be spread over devices; where they are not, nothing moves.
        device = layer.input_layernorm.weight.device
        hidden, mask = hidden.to(device), mask.to(device)
        seen = _norm(layer.input_layernorm, hidden)
        queries, keys, values = _split(layer.self_attn, seen)
        queries, keys = _turn(queries, rotation), _turn(keys, rotation)
        found = _attend(queries, cache.update(place, keys, values), mask=mask)
        hidden = hidden + layer.self_attn.o_proj(found)
        hidden = hidden + layer.mlp(_norm(layer.post_attention_layernorm, hidden))
    states: Tensor = text.norm(hidden)
    return states.to(positions.device)


def check_extends(network: Any) -> None:  # noqa: ANN401 - as above
    """Refuse what the pass does not know.

    Raises:
        ModelError: if layers look through a window, or the rotation depends on the length.
    """
    config = network.config.text_config
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    if kinds != {"full_attention"}:
        raise ModelError(
            f"layers of {', '.join(sorted(kinds))}: only full attention is written with here; "
            "set use_sliding_window to false if the context allows it"
        )
    kind = network.model.language_model.rotary_emb.rope_type
    if kind in {"dynamic", "longrope"}:
        raise ModelError(
            f"rope_type {kind!r} turns by the length of the text; use 'default', 'linear' or 'yarn'"
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
    # Rounded once: a layer that computes in the same precision takes them as they are.
    return torch.cat([cos, cos], dim=-1).to(dtype), torch.cat([-sin, sin], dim=-1).to(dtype)


def _turn(
    states: Float[Tensor, "N T G D"], rotation: tuple[Tensor, Tensor]
) -> Float[Tensor, "N T G D"]:
    """(left, right) cos + (right, left) (-sin, sin): the signs stand in the rotation."""
    cos, sin = (part.to(device=states.device, dtype=states.dtype) for part in rotation)
    return torch.addcmul(states * cos, states.roll(states.shape[-1] // 2, dims=-1), sin)


def _split(attention: Any, hidden: Float[Tensor, "N T H"]) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
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
    known: tuple[Float[Tensor, "N K W D"], Float[Tensor, "N K W D"]],
    *,
    mask: Float[Tensor, "N 1 T W"],
) -> Float[Tensor, "N T E"]:
    """Weigh values by how queries meet keys.

    Query heads that share a key head stand as more rows before it: nothing is expanded.
    """
    keys, values = known
    rows, count, heads, size = queries.shape
    shared = heads // keys.shape[1]
    folded = queries.view(rows, count, -1, shared, size).permute(0, 2, 3, 1, 4)
    folded = folded.reshape(rows, -1, shared * count, size)
    if count > 1:
        mask = mask.repeat(1, 1, shared, 1)
    # They may be kept in fewer bits; one at a time, for they are what takes memory.
    dtype = folded.dtype
    if folded.device.type == "cpu":
        # For a token or two a row, torch's fused kernel takes three times as long here.
        scores = (folded * size**-0.5) @ keys.to(dtype).transpose(2, 3) + mask
        found = scores.softmax(dim=-1) @ values.to(dtype)
    else:
        found = F.scaled_dot_product_attention(
            folded, keys.to(dtype), values.to(dtype), attn_mask=mask
        )
    unfolded: Tensor = found.view(rows, -1, shared, count, size).permute(0, 3, 1, 2, 4)
    return unfolded.flatten(2)
