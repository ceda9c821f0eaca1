"""What vLLM receives for a prompt: token ids, image features and sampling parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import PlaceholderTokens, QwenVL, vision_inputs
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.stopping import MAX_PATTERN_SIZE
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Prompt

MAX_TEMPERATURE = 2.0
"""vLLM accepts no higher temperature."""


@dataclass(frozen=True, slots=True, eq=False)
class VllmRequest:
    """A prompt to be decoded: its index, and the features of its images if it has any."""

    index: int
    prompt: Prompt
    image_features: Float[Tensor, "M W"] | None


def image_features(
    backbone: QwenVL, prompts: Sequence[Prompt]
) -> list[Float[Tensor, "M W"] | None]:
    """Run the vision encoder once over the images of all prompts; None for a prompt without.

    Raises:
        ModelError: if a prompt has a video.
    """
    flat = [patches for prompt in prompts for patches in prompt.pictures]
    if any(patches.is_video for patches in flat):
        raise ModelError("engine='vllm' takes no videos; embed them with engine='local'")
    inputs = vision_inputs(flat)
    if inputs is None:
        return [None] * len(prompts)
    device = backbone.device
    patches, grids = inputs.patches.to(device), inputs.grids.to(device)
    features = backbone.encode_images(patches, grids, deepstack=True).cpu()
    counts = [
        sum(_num_tokens(patches.grid, backbone.placeholders) for patches in prompt.pictures)
        for prompt in prompts
    ]
    return [part if len(part) else None for part in torch.split(features, counts)]


def prompt_payload(
    request: VllmRequest, start: Sequence[int], placeholders: PlaceholderTokens
) -> dict[str, Any]:
    """A prompt for `LLM.generate`, with the forced first tokens of the completion appended."""
    token_ids = [*single_placeholders(request.prompt, placeholders), *start]
    payload: dict[str, Any] = {"prompt_token_ids": token_ids}
    if request.image_features is not None:
        grids = torch.tensor([patches.grid for patches in request.prompt.pictures])
        image = {"image_embeds": request.image_features, "image_grid_thw": grids}
        payload["multi_modal_data"] = {"image": image}
    return payload


def single_placeholders(prompt: Prompt, placeholders: PlaceholderTokens) -> list[int]:
    """The prompt's tokens with one placeholder an image, which vLLM repeats by itself."""
    ids = prompt.prefix_ids
    shortened: list[int] = []
    index = 0
    for patches in prompt.pictures:
        first = ids.index(placeholders.image_id, index)
        shortened += ids[index : first + 1]
        index = first + _num_tokens(patches.grid, placeholders)
    return [*shortened, *ids[index:]]


def sampling_payload(
    prompt: Prompt,
    options: DecodeOptions,
    completion_format: CompletionFormat,
    *,
    backbone: QwenVL,
) -> dict[str, Any]:
    """The arguments of vLLM's `SamplingParams`.

    `speculative_tokens` is left to vLLM: it does not change a completion.

    Raises:
        ModelError: if the prompt fills the context, or vLLM does not support an option.
    """
    sampling = options.sampling
    if options.early_exit:
        raise ModelError("vLLM returns no hidden states for early_exit: use engine='local'")
    if sampling.temperature > MAX_TEMPERATURE:
        raise ModelError(
            f"vLLM samples at a temperature of at most {MAX_TEMPERATURE}, got "
            f"{sampling.temperature}: lower it, or use engine='local'"
        )
    length = len(prompt.prefix_ids) + len(completion_format.start)
    # One position is for the embed token, which vLLM may not reach.
    remaining = backbone.context_length - length - 1
    if remaining < 1:
        raise ModelError(
            f"a prompt of {length} tokens leaves no room to think in a context of "
            f"{backbone.context_length}: shorten it, or use engine='local'"
        )
    placeholders = backbone.placeholders
    forbidden = {*completion_format.forbidden, placeholders.image_id, placeholders.video_id}
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "max_tokens": min(options.budget - len(completion_format.start), remaining),
        "stop_token_ids": [completion_format.embed_id, *completion_format.end_ids],
        "ignore_eos": True,
        "logit_bias": dict.fromkeys(sorted(forbidden), -float("inf")),
        "detokenize": False,
    }


def repetition_payload(options: DecodeOptions) -> dict[str, int] | None:
    """The arguments of `RepetitionDetectionParams`, by which vLLM ends a loop where we would."""
    if options.repeats < 2:
        return None
    return {
        "max_pattern_size": MAX_PATTERN_SIZE,
        "min_pattern_size": 2,
        "min_count": options.repeats,
    }


def _num_tokens(grid: tuple[int, int, int], placeholders: PlaceholderTokens) -> int:
    """The number of placeholder tokens of an image."""
    return int(np.prod(grid)) // placeholders.merge_size**2
