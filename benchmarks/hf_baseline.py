"""Baselines on stock transformers, with the target's weights, prompts and decoding rules."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessorList

from benchmarks.completion_rules import CompletionRules
from benchmarks.results import EmbedOutput
from benchmarks.target import Target
from forethought.backbones import collate
from forethought.encoders import EncodeInput
from forethought.types import Patches, Prompt


@torch.inference_mode()
def card(target: Target, inputs: Sequence[EncodeInput], *, batch_size: int) -> EmbedOutput:
    """The model cards' procedure: `generate` with the hidden states of every layer and step.

    The vector is the last layer's state one step after the embed token was generated.
    """
    vectors, completions = [], []
    for prompts in _batches(target.prompts(inputs), batch_size):
        out, length = _generate(target, prompts, hidden_states=True)
        for row, completion in enumerate(_completions(target, out.sequences[:, length:])):
            states = out.hidden_states[len(completion)]
            vectors.append(states[-1][row, -1])
            completions.append(completion)
    return EmbedOutput(_unit(torch.stack(vectors)), tuple(completions))


@torch.inference_mode()
def generate_then_read(
    target: Target, inputs: Sequence[EncodeInput], *, batch_size: int
) -> EmbedOutput:
    """Batched `generate`, then one more forward pass over prompt and rationale together."""
    vectors, completions = [], []
    for prompts in _batches(target.prompts(inputs), batch_size):
        out, length = _generate(target, prompts, hidden_states=False)
        generated = _completions(target, out[:, length:])
        whole = [(*p.prefix_ids, *c) for p, c in zip(prompts, generated, strict=True)]
        vectors.append(_forward(target, whole, prompts)[:, -1])
        completions += generated
    return EmbedOutput(_unit(torch.cat(vectors)), tuple(completions))


@torch.inference_mode()
def direct(target: Target, inputs: Sequence[EncodeInput], *, batch_size: int) -> EmbedOutput:
    """An ordinary embedder: one forward pass, the state at the direct embed token."""
    vectors = []
    for prompts in _batches(target.prompts(inputs), batch_size):
        hidden = _forward(target, [p.token_ids for p in prompts], prompts)
        from_end = [p.read_at - len(p.token_ids) for p in prompts]
        vectors.append(hidden[torch.arange(len(prompts)), from_end])
    return EmbedOutput(_unit(torch.cat(vectors)), ((),) * len(inputs))


def _batches(prompts: Sequence[Prompt], size: int) -> list[Sequence[Prompt]]:
    return [prompts[start : start + size] for start in range(0, len(prompts), size)]


def _generate(target: Target, prompts: Sequence[Prompt], *, hidden_states: bool) -> tuple[Any, int]:
    inputs = _inputs(target, [p.prefix_ids for p in prompts], [p.pictures for p in prompts])
    length = inputs["input_ids"].shape[1]
    rules = CompletionRules(target.completion_format, target.budget, length, target.close_id)
    out = target.network.generate(
        **inputs,
        # Two more than the budget: the embed token, and the step that gives its state.
        generation_config=GenerationConfig(  # type: ignore[no-untyped-call]
            do_sample=False,
            max_new_tokens=target.budget + 2,
            eos_token_id=target.close_id,
            pad_token_id=target.pad_id,
            output_hidden_states=hidden_states,
            return_dict_in_generate=hidden_states,
        ),
        logits_processor=LogitsProcessorList([rules]),
    )
    return out, length


def _completions(target: Target, generated: Int[Tensor, "B L"]) -> list[tuple[int, ...]]:
    embed = target.completion_format.embed_id
    return [tuple(row[: row.index(embed) + 1]) for row in generated.tolist()]


def _forward(
    target: Target, sequences: Sequence[tuple[int, ...]], prompts: Sequence[Prompt]
) -> Float[Tensor, "B T H"]:
    inputs = _inputs(target, sequences, [p.pictures for p in prompts])
    hidden: Tensor = target.network.model(**inputs, use_cache=False).last_hidden_state
    return hidden


def _inputs(
    target: Target,
    sequences: Sequence[tuple[int, ...]],
    pictures: Sequence[tuple[Patches, ...]],
) -> dict[str, Any]:
    batch = collate(
        sequences, pictures, side="left", placeholders=target.placeholders, pad_id=target.pad_id
    ).to(target.device)
    # Without positions: the stock network computes its own.
    inputs: dict[str, Any] = {"input_ids": batch.token_ids, "attention_mask": batch.mask}
    inputs["mm_token_type_ids"] = batch.token_types
    if batch.images:
        inputs |= {"pixel_values": batch.images.patches, "image_grid_thw": batch.images.grids}
    return inputs


def _unit(hidden: Float[Tensor, "N D"]) -> Float[np.ndarray, "N D"]:
    return np.asarray(F.normalize(hidden.float(), dim=-1).cpu().numpy())
