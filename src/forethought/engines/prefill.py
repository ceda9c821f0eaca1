"""One forward pass over prompts: their direct vectors, and what decoding continues from."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import PrefillCache, QwenVL, collate
from forethought.types import Prompt


@dataclass(frozen=True, slots=True, eq=False)
class Prefill:
    """Prompts after their one forward pass.

    `direct` is the hidden state at each prompt's direct embed token, `last` the one that
    predicts its first completion token, `next_position` the M-RoPE position of that token.
    `token_ids` are the tokens before the completion; `cache` has their keys and values, padded
    on the right. It is None without `keep_cache`: then nothing can be decoded.
    """

    token_ids: tuple[tuple[int, ...], ...]
    direct: Float[Tensor, "B H"]
    last: Float[Tensor, "B H"]
    next_position: Int[Tensor, " B"]
    cache: PrefillCache | None

    @property
    def lengths(self) -> tuple[int, ...]:
        """Number of tokens of each prompt before its completion."""
        return tuple(map(len, self.token_ids))


def run_prefill(
    backbone: QwenVL, prompts: Sequence[Prompt], *, pad_id: int, keep_cache: bool
) -> Prefill:
    """Run every prompt in one batch.

    Raises:
        ValueError: if the prompts are of two formats.
    """
    _check_formats(prompts)
    batch = collate(
        [prompt.token_ids for prompt in prompts],
        [prompt.pictures for prompt in prompts],
        side="right",
        placeholders=backbone.placeholders,
        pad_id=pad_id,
    ).to(backbone.device)
    cache = PrefillCache() if keep_cache else None
    hidden = backbone.hidden_states(batch, cache=cache)
    device = hidden.device
    rows = torch.arange(len(prompts), device=device)
    read_at = torch.tensor([prompt.read_at for prompt in prompts], device=device)
    token_ids = tuple(prompt.prefix_ids for prompt in prompts)
    ends = torch.tensor([len(ids) for ids in token_ids], device=device)
    is_prefix = torch.arange(hidden.shape[1], device=device)[None] < ends[:, None]
    # The largest position, not the last: a long video's time may be ahead of the text's.
    positions = batch.positions.amax(0).masked_fill(~is_prefix, -1)
    return Prefill(
        token_ids=token_ids,
        direct=hidden[rows, read_at],
        last=hidden[rows, ends - 1],
        next_position=positions.amax(1) + 1,
        cache=cache,
    )


def _check_formats(prompts: Sequence[Prompt]) -> None:
    """Refuse a batch whose prompts differ in the number of tokens that only the direct vector uses."""
    counts = {len(prompt.token_ids) - prompt.write_at for prompt in prompts}
    if len(counts) > 1:
        raise ValueError(
            f"prompts of one batch must be of one format, got {sorted(counts)} tokens behind the "
            "start of the completion"
        )
