"""Rationales that were written before, read again: one pass, and nothing is decoded."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL, collate
from forethought.engines import Limits, bucket
from forethought.errors import ModelError
from forethought.renderers import Renderer
from forethought.types import Prompt, Remembered


def spell(memo: Remembered, renderer: Renderer, backbone: QwenVL) -> tuple[int, ...] | None:
    """The completion to read: as decoded, or the corrected words as the renderer writes them.

    None for one that this model cannot read: it does not end in its one embed token, holds a
    token outside the vocabulary, or a placeholder that no picture owns, which the stock
    networks would count among the pictures'.

    Raises:
        ModelError: if the family writes no rationale.
    """
    grammar = renderer.grammar
    if grammar is None:
        raise ModelError("this family writes no rationale; ask it with think='never'")
    ids = renderer.write(memo.rationale) if memo.edited else memo.token_ids
    if grammar.embed_id not in ids:
        return None
    cut = tuple(ids[: ids.index(grammar.embed_id) + 1])
    if not memo.edited and cut != memo.token_ids:
        return None
    placeholders = {backbone.marks.image_id, backbone.marks.video_id}
    size = int(backbone.network.config.text_config.vocab_size)
    whole = all(0 <= token < size and token not in placeholders for token in cut)
    return cut if whole else None


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
