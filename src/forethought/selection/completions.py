"""Given rationales behind the prompts of their inputs, in batches that share a prefill."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from forethought.encoders import ReasoningEncoder
from forethought.engines import Prefill, bucket
from forethought.errors import ContentError, ModelError
from forethought.selection.evaluator import PairGroup
from forethought.types import Prompt, Rationale

Run = Callable[..., Tensor]
"""Runs completions behind rows of a prefill, as `teacher_force_prefill` and `log_likelihoods` do."""


@dataclass(frozen=True, slots=True, eq=False)
class CompletionBatch:
    """Some groups, by index, after their one prefill; completion i continues `rows[i]`."""

    indices: Sequence[int]
    prefill: Prefill
    rows: Sequence[int]
    completions: Sequence[tuple[int, ...]]

    @property
    def counts(self) -> list[int]:
        """The number of completions of each group."""
        return [sum(row == position for row in self.rows) for position in range(len(self.indices))]


def completion_batches(
    encoder: ReasoningEncoder, groups: Sequence[PairGroup]
) -> Iterator[CompletionBatch]:
    """Prefill the inputs of all groups, some at a time.

    Raises:
        ContentError: if an input and a rationale exceed the model's context.
        ModelError: if the model writes no rationales.
    """
    engine = encoder.local
    prompts = [encoder.renderer.render(group.source) for group in groups]
    completions = [
        [_completion(encoder, rationale, prompt) for rationale in group.rationales]
        for group, prompt in zip(groups, prompts, strict=True)
    ]
    for indices in bucket([len(prompt.token_ids) for prompt in prompts], engine.limits):
        yield CompletionBatch(
            indices,
            engine.prefill([prompts[index] for index in indices]),
            [row for row, index in enumerate(indices) for _ in completions[index]],
            [completion for index in indices for completion in completions[index]],
        )


def run_completions(encoder: ReasoningEncoder, batch: CompletionBatch, run: Run) -> Tensor:
    """What `run` gives for every completion of a batch, in float32 on the CPU."""
    lengths = [
        batch.prefill.lengths[row] + len(completion)
        for row, completion in zip(batch.rows, batch.completions, strict=True)
    ]
    found: dict[int, Tensor] = {}
    for part in bucket(lengths, encoder.local.limits):
        result = run(
            encoder.engine.backbone,
            batch.prefill,
            rows=[batch.rows[i] for i in part],
            completions=[batch.completions[i] for i in part],
        )
        found |= dict(zip(part, result.float().cpu(), strict=True))
    return torch.stack([found[index] for index in range(len(lengths))])


def _completion(encoder: ReasoningEncoder, rationale: Rationale, prompt: Prompt) -> tuple[int, ...]:
    """The tokens of a rationale, the embed token last."""
    completion_format = encoder.renderer.completion_format
    if completion_format is None:
        raise ModelError(
            f"{encoder.name} ({encoder.family.title}) writes no rationales; name a model that does"
        )
    ids = encoder.renderer.write(rationale)
    completion = ids[: ids.index(completion_format.embed_id) + 1]
    length, context = len(prompt.prefix_ids), encoder.engine.backbone.context_length
    if length + len(completion) > context:
        raise ContentError(
            f"an input of {length} tokens and a rationale of {len(completion)} exceed the "
            f"{context} of {encoder.name}: leave this candidate out"
        )
    return completion
