"""Keys and values of one pass over whole sequences."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class PrefillCache:
    """The keys and the values of every layer, from one pass; empty before it."""

    layers: list[tuple[Float[Tensor, "B K T D"], Float[Tensor, "B K T D"]]] = field(
        default_factory=list
    )


@dataclass(frozen=True, slots=True, eq=False)
class WholePass:
    """A `DecodeCache` of sequences that start with this pass; padding is 0 in `padding_mask`."""

    padding_mask: Int[Tensor, "B T"]
    cache: PrefillCache | None

    def update(
        self,
        layer: int,  # noqa: ARG002 - they come in order
        keys: Float[Tensor, "B T K D"],
        values: Float[Tensor, "B T K D"],
    ) -> tuple[Float[Tensor, "B K T D"], Float[Tensor, "B K T D"]]:
        """Store a layer's keys and values if there is a cache for them."""
        pair = keys.transpose(1, 2), values.transpose(1, 2)
        if self.cache is not None:
            self.cache.layers.append(pair)
        return pair

    def mask(self, dtype: torch.dtype) -> Float[Tensor, "B 1 T T"]:
        """Additive causal mask that hides the padding."""
        is_token = self.padding_mask.bool()
        length = is_token.shape[1]
        is_earlier = is_token.new_ones(length, length).tril()
        is_visible = is_earlier & is_token[:, None, None]
        scores = torch.zeros(is_visible.shape, dtype=dtype, device=is_visible.device)
        return scores.masked_fill(~is_visible, torch.finfo(dtype).min)
