"""What vLLM is asked, and what is made of its answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import PlaceholderTokens, QwenVL, vision_inputs
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.request import Completion
from forethought.engines.stopping import SPAN
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Ending, Prompt

HOTTEST = 2.0
"""vLLM takes no higher temperature."""


@dataclass(frozen=True, slots=True, eq=False)
class VllmRequest:
    """A prompt to be thought about: which one, and what its pictures look like."""

    index: int
    prompt: Prompt
    seen: Float[Tensor, "M W"] | None


def see(backbone: QwenVL, prompts: Sequence[Prompt]) -> list[Float[Tensor, "M W"] | None]:
    """What the vision tower makes of each prompt's pictures, in one pass.

    Raises:
        ModelError: if there is a video among them.
    """
    every = [patches for prompt in prompts for patches in prompt.pictures]
    if any(patches.is_video for patches in every):
        raise ModelError("engine='vllm' is shown no videos; embed them with engine='local'")
    shown = vision_inputs(every)
    if shown is None:
        return [None] * len(prompts)
    device = backbone.device
    seen = backbone.encode_images(
        shown.patches.to(device), shown.grids.to(device), deepstack=True
    ).cpu()
    counts = [
        sum(_places(patches.grid, backbone.placeholders) for patches in prompt.pictures)
        for prompt in prompts
    ]
    return [part if len(part) else None for part in torch.split(seen, counts)]


def prompt_for(
    one: VllmRequest, start: Sequence[int], placeholders: PlaceholderTokens
) -> dict[str, Any]:
    """A prompt as vLLM takes it, with the tokens that every completion starts with."""
    prompt: dict[str, Any] = {"prompt_token_ids": [*collapse(one.prompt, placeholders), *start]}
    if one.seen is not None:
        grids = torch.tensor([patches.grid for patches in one.prompt.pictures])
        shown = {"image_embeds": one.seen, "image_grid_thw": grids}
        prompt["multi_modal_data"] = {"image": shown}
    return prompt


def collapse(prompt: Prompt, placeholders: PlaceholderTokens) -> list[int]:
    """What a completion goes on from, one placeholder a picture: vLLM spreads them itself."""
    ids = prompt.prefix_ids
    kept: list[int] = []
    at = 0
    for patches in prompt.pictures:
        first = ids.index(placeholders.image_id, at)
        kept += ids[at : first + 1]
        at = first + _places(patches.grid, placeholders)
    return [*kept, *ids[at:]]


def settings(
    prompt: Prompt,
    decode_options: DecodeOptions,
    completion_format: CompletionFormat,
    *,
    backbone: QwenVL,
) -> dict[str, Any]:
    """What vLLM must be told so that it writes by our rules.

    Guesses are left to vLLM: they change nothing that is written.

    Raises:
        ModelError: if the prompt leaves no room to write, or vLLM cannot write in that manner.
    """
    if decode_options.early_exit or decode_options.sampling.temperature > HOTTEST:
        asked = (
            "early_exit"
            if decode_options.early_exit
            else f"temperature {decode_options.sampling.temperature}"
        )
        raise ModelError(
            f"vLLM writes at most at temperature {HOTTEST} and tells no states to settle by, asked "
            f"for {asked}: use engine='local'"
        )
    length = len(prompt.prefix_ids) + len(completion_format.start)
    # One place is for the embed token, which vLLM may not come to write.
    room = backbone.context_length - length - 1
    if room < 1:
        raise ModelError(
            f"a prompt of {length} tokens leaves no room to think in a context of "
            f"{backbone.context_length}: shorten it, or use engine='local'"
        )
    shut = {
        *completion_format.forbidden,
        backbone.placeholders.image_id,
        backbone.placeholders.video_id,
    }
    sampling = decode_options.sampling
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_tokens": min(decode_options.budget - len(completion_format.start), room),
        "stop_token_ids": [completion_format.embed_id, *completion_format.end_ids],
        "ignore_eos": True,
        "logit_bias": dict.fromkeys(sorted(shut), -float("inf")),
        "detokenize": False,
    }


def loops(decode_options: DecodeOptions) -> dict[str, int] | None:
    """How vLLM knows a loop as `close` does, so that it writes no more than is kept."""
    if decode_options.repeats < 2:
        return None
    return {"max_pattern_size": SPAN, "min_pattern_size": 2, "min_count": decode_options.repeats}


def close(
    tokens: tuple[int, ...], completion_format: CompletionFormat, decode_options: DecodeOptions
) -> Completion:
    """End a completion where the local engine would have ended it, and as it would have.

    One that stopped before anything ends it ran out of room.
    """
    budget = decode_options.budget
    for at in range(len(tokens)):
        ending = (
            Ending.LENGTH
            if at >= budget
            else _ending(tokens[: at + 1], completion_format, decode_options)
        )
        if ending is not None:
            return Completion((*tokens[:at], completion_format.embed_id), ending)
    return Completion((*tokens, completion_format.embed_id), Ending.LENGTH)


def _ending(
    written: tuple[int, ...], completion_format: CompletionFormat, decode_options: DecodeOptions
) -> Ending | None:
    """How a row ends by the last token that it wrote, if it does."""
    if written[-1] == completion_format.embed_id:
        return Ending.EMBED
    if written[-1] in completion_format.end_ids:
        return Ending.MALFORMED
    return (
        Ending.LOOP
        if decode_options.repeats and _goes_round(written, decode_options.repeats)
        else None
    )


def _goes_round(written: tuple[int, ...], times: int) -> bool:
    """Whether a text ends in one run of two to `SPAN` tokens, so many times over."""
    for size in range(2, SPAN + 1):
        if len(written) < size * times:
            return False
        tail = written[-size * times :]
        # Equal to itself, shifted by one run.
        if tail[size:] == tail[:-size]:
            return True
    return False


def _places(grid: tuple[int, int, int], placeholders: PlaceholderTokens) -> int:
    """How many tokens stand for a picture."""
    return int(np.prod(grid)) // placeholders.merge_size**2
