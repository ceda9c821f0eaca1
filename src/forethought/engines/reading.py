"""Prompts read together with what was written about them: one pass, and nothing is decoded."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL, collate
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
        (*prompt.written_on, *completion)
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
    for ids, completion in zip(whole, completions, strict=True):
        if len(ids) > backbone.context:
            raise ModelError(
                f"a prompt of {len(ids) - len(completion)} tokens and a stored rationale of "
                f"{len(completion)} exceed the model's context of {backbone.context}: shorten the "
                "rationale with `forethought rationales edit`"
            )
    states = torch.empty(len(whole), backbone.dimension, device=backbone.device)
    for rows in bucket([len(ids) for ids in whole], limits):
        batch = collate(
            [whole[row] for row in rows],
            [prompts[row].pictures for row in rows],
            # On the left, so that every row's embed token is the last of the batch.
            side="left",
            marks=backbone.marks,
            pad_id=pad_id,
        ).to(backbone.device)
        states[rows] = backbone.read(batch)[:, -1].float()
    return states
