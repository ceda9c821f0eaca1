"""Vectors of completions that are given, in one forward pass: nothing is decoded."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL, collate
from forethought.engines.prefill import Prefill
from forethought.engines.prefill_extension import extend_prefill
from forethought.engines.scheduler import Limits, bucket
from forethought.errors import ContentError
from forethought.types import Prompt


@torch.inference_mode()
def teacher_force(
    backbone: QwenVL,
    prompts: Sequence[Prompt],
    completions: Sequence[tuple[int, ...]],
    *,
    pad_id: int,
    limits: Limits,
) -> Float[Tensor, "R H"]:
    """Run prompts with their completions; the hidden state at each one's last token.

    Raises:
        ContentError: if a prompt and its completion together exceed the context.
    """
    sequences = [
        (*prompt.prefix_ids, *completion)
        for prompt, completion in zip(prompts, completions, strict=True)
    ]
    for prompt, completion in zip(prompts, completions, strict=True):
        check_fits(backbone, len(prompt.prefix_ids), len(completion))
    states = torch.empty(len(sequences), backbone.hidden_size, device=backbone.device)
    for rows in bucket([len(ids) for ids in sequences], limits):
        batch = collate(
            [sequences[row] for row in rows],
            [prompts[row].pictures for row in rows],
            # On the left, so that every row's last token is the last of the batch.
            side="left",
            placeholders=backbone.placeholders,
            pad_id=pad_id,
        ).to(backbone.device)
        states[rows] = backbone.hidden_states(batch)[:, -1].float()
    return states


@torch.inference_mode()
def teacher_force_prefill(
    backbone: QwenVL,
    prefill: Prefill,
    *,
    rows: Sequence[int],
    completions: Sequence[tuple[int, ...]],
) -> Float[Tensor, "R H"]:
    """Run completions behind rows of a prefill; the hidden state at each one's last token.

    The prompts' keys and values are the prefill's.

    Raises:
        ContentError: if a prompt and its completion together exceed the context.
    """
    for row, completion in zip(rows, completions, strict=True):
        check_fits(backbone, prefill.lengths[row], len(completion))
    return extend_prefill(
        backbone, prefill, rows=rows, continuations=completions, keep_cache=False
    ).last


def check_fits(backbone: QwenVL, prompt: int, completion: int) -> None:
    """Refuse a prompt and a completion, of so many tokens each, that exceed the context.

    Raises:
        ContentError: if they do.
    """
    if prompt + completion > backbone.context_length:
        raise ContentError(
            f"a prompt of {prompt} tokens and a stored rationale of {completion} exceed the "
            f"model's context of {backbone.context_length}: shorten the rationale with "
            "`forethought rationales edit`"
        )
