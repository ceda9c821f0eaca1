"""What may come next, guessed from what came before (prompt lookup)."""

import torch
from jaxtyping import Int
from torch import Tensor


def prompt_lookup(
    history: Int[Tensor, "N T"], lengths: Int[Tensor, " N"], *, count: int
) -> Int[Tensor, "N C"]:
    """What followed the last two tokens when they last stood together, `count` tokens of it.

    A row's last token stands at its length. One whose last two never stood together gets
    some tokens all the same: a wrong guess costs nothing but itself.
    """
    ends = lengths[:, None]
    last, before = history.gather(1, ends), history.gather(1, (ends - 1).clamp(min=0))
    places = torch.arange(1, history.shape[1], device=history.device)
    found = (history[:, 1:] == last) & (history[:, :-1] == before) & (places < ends)
    latest = torch.where(found, places, 0).amax(dim=1, keepdim=True)
    # What followed may be the last two themselves: then it goes round.
    period = (ends - latest).clamp(min=1)
    after = latest + 1 + torch.arange(count, device=history.device) % period
    return history.gather(1, after.clamp(max=history.shape[1] - 1))
