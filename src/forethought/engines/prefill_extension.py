"""Given tokens behind rows of a prefill: new prefills, and how likely the tokens are."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.prefill import Prefill

LOGIT_NUMBERS = 2**26
"""The most logits that exist at a time: a vocabulary has 150,000 tokens."""


@dataclass(frozen=True, slots=True, eq=False)
class _Extension:
    """Hidden states of the new tokens, padded on the right, and the cache that they joined."""

    token_ids: Int[Tensor, "R T"]
    hidden: Float[Tensor, "R T H"]
    cache: KVCache


@torch.inference_mode()
def extend_prefill(
    backbone: QwenVL,
    prefill: Prefill,
    *,
    rows: Sequence[int],
    continuations: Sequence[Sequence[int]],
    keep_cache: bool = True,
) -> Prefill:
    """The prefill of R prompts that are continued by tokens of text.

    A row may be continued several times; the keys and values of what the continuations share are
    computed once. `direct` and `last` are the states at each continuation's last token. Without
    `keep_cache` nothing can be decoded or continued.
    """
    extension = _extend(backbone, prefill, rows=rows, continuations=continuations)
    device = extension.hidden.device
    lengths = torch.tensor([len(ids) for ids in continuations], device=device)
    last = extension.hidden[torch.arange(len(rows), device=device), lengths - 1]
    token_ids = tuple(
        (*prefill.token_ids[row], *ids) for row, ids in zip(rows, continuations, strict=True)
    )
    return Prefill(
        token_ids=token_ids,
        direct=last,
        last=last,
        next_position=prefill.next_position[torch.tensor(rows, device=device)] + lengths,
        cache=extension.cache.as_prefill() if keep_cache else None,
    )


@torch.inference_mode()
def log_likelihoods(
    backbone: QwenVL,
    prefill: Prefill,
    *,
    rows: Sequence[int],
    completions: Sequence[Sequence[int]],
) -> Float[Tensor, " R"]:
    """The log-likelihood of each completion behind its row of a prefill, in nats: a sum over tokens."""
    extension = _extend(backbone, prefill, rows=rows, continuations=completions)
    first = prefill.last[torch.tensor(rows, device=extension.hidden.device)]
    before = torch.cat([first[:, None], extension.hidden[:, :-1]], dim=1).flatten(0, 1)
    chosen = extension.token_ids.flatten()
    size = max(1, LOGIT_NUMBERS // backbone.vocab_size)
    # float32: the tail of a bf16 softmax is lost.
    scores = [
        backbone.logits(states).float().log_softmax(-1).gather(1, ids[:, None])[:, 0]
        for states, ids in zip(torch.split(before, size), torch.split(chosen, size), strict=True)
    ]
    lengths = torch.tensor([len(ids) for ids in completions], device=chosen.device)
    is_token = torch.arange(extension.token_ids.shape[1], device=chosen.device) < lengths[:, None]
    # Not multiplied by the mask: the states of padding may be infinite.
    by_token = torch.cat(scores).view_as(is_token).masked_fill(~is_token, 0)
    return by_token.sum(dim=1)


def _extend(
    backbone: QwenVL,
    prefill: Prefill,
    *,
    rows: Sequence[int],
    continuations: Sequence[Sequence[int]],
) -> _Extension:
    device = prefill.last.device
    lengths = [prefill.lengths[row] for row in rows]
    longest = max(map(len, continuations))
    token_ids = torch.zeros(len(rows), longest, dtype=torch.long, device=device)
    for row, ids in enumerate(continuations):
        # Padding on the right: under the causal mask the last token does not attend to it.
        token_ids[row, : len(ids)] = torch.tensor(ids)
    width = max(lengths) + longest
    cache = KVCache(len(rows), width)
    cache.insert(prefill.cache, rows, first=0, width=max(lengths))
    cache.initialize(width)
    hidden = backbone.extend(
        token_ids,
        positions=prefill.next_position[torch.tensor(rows, device=device)],
        cache=cache.view(torch.tensor(lengths, device=device), count=longest, width=width),
    )
    return _Extension(token_ids, hidden, cache)
