"""Draft tokens for speculative decoding, taken from the text so far (prompt lookup)."""

import torch
from jaxtyping import Int
from torch import Tensor


def prompt_lookup(
    token_ids: Int[Tensor, "N T"], last: Int[Tensor, " N"], *, count: int
) -> Int[Tensor, "N C"]:
    """The `count` tokens that followed the latest earlier occurrence of each row's last two tokens.

    `last` is the index of a row's last token. Where its last two tokens did not occur before,
    the drafts are arbitrary: a wrong draft only wastes its own computation.
    """
    ends = last[:, None]
    final, before = token_ids.gather(1, ends), token_ids.gather(1, (ends - 1).clamp(min=0))
    indices = torch.arange(1, token_ids.shape[1], device=token_ids.device)
    matches = (token_ids[:, 1:] == final) & (token_ids[:, :-1] == before) & (indices < ends)
    latest = torch.where(matches, indices, 0).amax(dim=1, keepdim=True)
    # Where fewer than `count` tokens follow, they are repeated.
    period = (ends - latest).clamp(min=1)
    drafts = latest + 1 + torch.arange(count, device=token_ids.device) % period
    return token_ids.gather(1, drafts.clamp(max=token_ids.shape[1] - 1))
