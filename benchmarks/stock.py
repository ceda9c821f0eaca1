"""The rivals, as others run them: stock transformers on the same weights, prompts and rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from transformers import GenerationConfig, LogitsProcessorList

from benchmarks.inputs import Input
from benchmarks.policy import Rules
from benchmarks.subject import Subject
from forethought.backbones import collate
from forethought.encoders import EncodeInput
from forethought.types import Patches, Prompt


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a rival made of some inputs, in their order.

    A completion ends with its embed token; it is empty where nothing was written.
    """

    vectors: Float[np.ndarray, "N D"]
    completions: tuple[tuple[int, ...], ...]


Rival = Callable[[Sequence[Input]], Answer]


@torch.inference_mode()
def card(subject: Subject, inputs: Sequence[EncodeInput], *, batch_size: int) -> Answer:
    """The model cards' procedure: `generate` keeps every layer's states of every step.

    The vector is the last layer's state one step after the embed token was written.
    """
    vectors, completions = [], []
    for prompts in _batches(subject.prompts(inputs), batch_size):
        out, length = _generate(subject, prompts, keep_states=True)
        for row, written in enumerate(_completions(subject, out.sequences[:, length:])):
            states = out.hidden_states[len(written)]
            vectors.append(states[-1][row, -1])
            completions.append(written)
    return Answer(_unit(torch.stack(vectors)), tuple(completions))


@torch.inference_mode()
def plain(subject: Subject, inputs: Sequence[EncodeInput], *, batch_size: int) -> Answer:
    """Batched `generate`, then one more pass over prompt and rationale together."""
    vectors, completions = [], []
    for prompts in _batches(subject.prompts(inputs), batch_size):
        out, length = _generate(subject, prompts, keep_states=False)
        written = _completions(subject, out[:, length:])
        whole = [(*p.prefix_ids, *w) for p, w in zip(prompts, written, strict=True)]
        vectors.append(_read(subject, whole, prompts)[:, -1])
        completions += written
    return Answer(_unit(torch.cat(vectors)), tuple(completions))


@torch.inference_mode()
def direct(subject: Subject, inputs: Sequence[EncodeInput], *, batch_size: int) -> Answer:
    """An ordinary embedder: one pass over the prompt, the state at the direct embed token."""
    vectors = []
    for prompts in _batches(subject.prompts(inputs), batch_size):
        hidden = _read(subject, [p.token_ids for p in prompts], prompts)
        back = [p.read_at - len(p.token_ids) for p in prompts]
        vectors.append(hidden[torch.arange(len(prompts)), back])
    return Answer(_unit(torch.cat(vectors)), ((),) * len(inputs))


def _batches(prompts: Sequence[Prompt], size: int) -> list[Sequence[Prompt]]:
    return [prompts[start : start + size] for start in range(0, len(prompts), size)]


def _generate(subject: Subject, prompts: Sequence[Prompt], *, keep_states: bool) -> tuple[Any, int]:
    shown = _inputs(subject, [p.prefix_ids for p in prompts], [p.pictures for p in prompts])
    length = shown["input_ids"].shape[1]
    rules = Rules(subject.completion_format, subject.budget, length, subject.close_id)
    out = subject.network.generate(
        **shown,
        # Two more than the budget: the embed token, and the step that gives its state.
        generation_config=GenerationConfig(  # type: ignore[no-untyped-call]
            do_sample=False,
            max_new_tokens=subject.budget + 2,
            eos_token_id=subject.close_id,
            pad_token_id=subject.pad_id,
            output_hidden_states=keep_states,
            return_dict_in_generate=keep_states,
        ),
        logits_processor=LogitsProcessorList([rules]),
    )
    return out, length


def _completions(subject: Subject, written: Int[Tensor, "B L"]) -> list[tuple[int, ...]]:
    embed = subject.completion_format.embed_id
    return [tuple(row[: row.index(embed) + 1]) for row in written.tolist()]


def _read(
    subject: Subject, sequences: Sequence[tuple[int, ...]], prompts: Sequence[Prompt]
) -> Float[Tensor, "B T H"]:
    shown = _inputs(subject, sequences, [p.pictures for p in prompts])
    hidden: Tensor = subject.network.model(**shown, use_cache=False).last_hidden_state
    return hidden


def _inputs(
    subject: Subject,
    sequences: Sequence[tuple[int, ...]],
    pictures: Sequence[tuple[Patches, ...]],
) -> dict[str, Any]:
    batch = collate(
        sequences, pictures, side="left", placeholders=subject.placeholders, pad_id=subject.pad_id
    ).to(subject.device)
    # Positions are left to the stock network: they are what it would work out by itself.
    shown: dict[str, Any] = {"input_ids": batch.token_ids, "attention_mask": batch.mask}
    shown["mm_token_type_ids"] = batch.token_types
    if batch.images:
        shown |= {"pixel_values": batch.images.patches, "image_grid_thw": batch.images.grids}
    return shown


def _unit(hidden: Float[Tensor, "N D"]) -> Float[np.ndarray, "N D"]:
    return np.asarray(F.normalize(hidden.float(), dim=-1).cpu().numpy())
