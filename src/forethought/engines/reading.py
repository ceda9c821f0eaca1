"""Completions that are known, read behind their prompts: nothing is decoded."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import Slots
from forethought.engines.request import Prefill


@torch.inference_mode()
def read_on(
    backbone: QwenVL,
    prefill: Prefill,
    *,
    rows: Sequence[int],
    completions: Sequence[tuple[int, ...]],
) -> Float[Tensor, "R H"]:
    """Read completions behind rows of a prefill; give the state at the last token of each.

    The prompts themselves are not read again: their keys and values are there.

    Raises:
        ModelError: if a prompt and its completion are longer than the context together.
    """
    device = prefill.last.device
    prompts = [prefill.lengths[row] for row in rows]
    longest = max(map(len, completions))
    fed = torch.zeros(len(rows), longest, dtype=torch.long, device=device)
    for row, completion in enumerate(completions):
        # What is left over stands behind the last token, which never looks at it.
        fed[row, : len(completion)] = torch.tensor(completion)
    width = max(prompts) + longest
    slots = Slots(len(rows), width)
    slots.enter(prefill.cache, rows, first=0, width=max(prompts))
    slots.reach(width)
    taken = torch.tensor(rows, device=device)
    hidden = backbone.extend(
        fed,
        positions=prefill.next_position[taken],
        cache=slots.window(torch.tensor(prompts, device=device), count=longest, width=width),
    )
    ends = torch.tensor([len(completion) - 1 for completion in completions], device=device)
    return hidden[torch.arange(len(rows), device=device), ends]
