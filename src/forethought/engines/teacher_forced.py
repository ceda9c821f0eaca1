"""Completions that are known, read with their prompts or behind them: nothing is decoded."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL, collate
from forethought.engines.cache import KVCache
from forethought.engines.request import Prefill
from forethought.engines.scheduler import Limits, bucket
from forethought.errors import ModelError
from forethought.types import Prompt


@torch.inference_mode()
def reread(
    backbone: QwenVL,
    prompts: Sequence[Prompt],
    completions: Sequence[tuple[int, ...]],
    *,
    pad_id: int,
    limits: Limits,
) -> Float[Tensor, "R H"]:
    """Read prompts with their completions; give the state at each embed token, the last one.

    Raises:
        ModelError: if a prompt and its completion are longer than the context together.
    """
    whole = [
        (*prompt.prefix_ids, *completion)
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
    for prompt, completion in zip(prompts, completions, strict=True):
        _check_fits(backbone, len(prompt.prefix_ids), len(completion))
    states = torch.empty(len(whole), backbone.hidden_size, device=backbone.device)
    for rows in bucket([len(ids) for ids in whole], limits):
        batch = collate(
            [whole[row] for row in rows],
            [prompts[row].pictures for row in rows],
            # On the left, so that every row's embed token is the last of the batch.
            side="left",
            placeholders=backbone.placeholders,
            pad_id=pad_id,
        ).to(backbone.device)
        states[rows] = backbone.hidden_states(batch)[:, -1].float()
    return states


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
    for prompt, completion in zip(prompts, completions, strict=True):
        _check_fits(backbone, prompt, len(completion))
    longest = max(map(len, completions))
    fed = torch.zeros(len(rows), longest, dtype=torch.long, device=device)
    for row, completion in enumerate(completions):
        # What is left over stands behind the last token, which never looks at it.
        fed[row, : len(completion)] = torch.tensor(completion)
    width = max(prompts) + longest
    slots = KVCache(len(rows), width)
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


def _check_fits(backbone: QwenVL, prompt: int, completion: int) -> None:
    if prompt + completion > backbone.context_length:
        raise ModelError(
            f"a prompt of {prompt} tokens and a stored rationale of {completion} exceed the "
            f"model's context of {backbone.context_length}: shorten the rationale with "
            "`forethought rationales edit`"
        )
