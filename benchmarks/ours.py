"""Our side of each comparison, through the public doors of encoder and engine."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from benchmarks.results import EmbedOutput
from benchmarks.target import Target
from forethought.encoders import EncodeInput, LogisticGate
from forethought.engines import Prefill, teacher_force
from forethought.types import Side, Think


def thought(target: Target, inputs: Sequence[EncodeInput]) -> EmbedOutput:
    """`encode(think="always")`; it returns vectors without token ids."""
    return _encode(target, inputs, Think.ALWAYS)


def direct(target: Target, inputs: Sequence[EncodeInput]) -> EmbedOutput:
    """`encode(think="never")`."""
    return _encode(target, inputs, Think.NEVER)


def gated(target: Target, inputs: Sequence[EncodeInput]) -> EmbedOutput:
    """`encode(think="auto")` with a gate that never opens: the cost of evaluating the gate."""
    return _encode(with_closed_gate(target), inputs, Think.AUTO)


def with_closed_gate(target: Target) -> Target:
    """The same, with a gate whose threshold no probability reaches."""
    encoder = target.encoder
    weight = torch.zeros(encoder.dimension)
    if isinstance(encoder.gate, LogisticGate):
        weight = encoder.gate.weight
    # Above 1: a probability of 1.0 must not open it either.
    gate = LogisticGate(weight, bias=0.0, threshold=1.5, fitted_on="nothing: it never opens")
    return replace(target, encoder=replace(encoder, gate=gate))


def samples(target: Target, content: EncodeInput, *, count: int) -> EmbedOutput:
    """Decode `count` rationales of one input from one prefill; greedy, so all of one length."""
    return _run(target, [content], count)


def completions(target: Target, inputs: Sequence[EncodeInput]) -> EmbedOutput:
    """Thought vectors with their token ids: the reference for the baselines' rationales."""
    return _run(target, inputs, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Reread:
    """Embeds from known rationales: one teacher-forced pass over prompt and rationale."""

    target: Target
    completions: tuple[tuple[int, ...], ...]

    def __call__(self, inputs: Sequence[EncodeInput]) -> EmbedOutput:
        """Embed inputs in batches of similar length, one rationale each."""
        target = self.target
        hidden = teacher_force(
            target.engine.backbone,
            target.prompts(inputs),
            self.completions,
            pad_id=target.pad_id,
            limits=target.engine.limits,
        )
        return EmbedOutput(F.normalize(hidden.float(), dim=-1).cpu().numpy(), self.completions)


def _run(target: Target, inputs: Sequence[EncodeInput], count: int) -> EmbedOutput:
    encoder = target.encoder
    found = encoder.engine.run(
        target.prompts(inputs), decide=_all, decode_options=encoder.decode_options, samples=count
    )
    outputs = sorted(found, key=lambda output: output.index)
    hidden = torch.stack([vector for output in outputs for vector in output.vectors])
    vectors = F.normalize(hidden.float(), dim=-1).cpu().numpy()
    token_ids = tuple(one.token_ids for output in outputs for one in output.completions)
    return EmbedOutput(vectors, token_ids)


def _all(prefill: Prefill, _group: Sequence[int]) -> tuple[Sequence[int], Sequence[float]]:
    rows = len(prefill.lengths)
    return range(rows), [math.nan] * rows


def _encode(target: Target, inputs: Sequence[EncodeInput], think: Think) -> EmbedOutput:
    found = target.encoder.encode(inputs, side=Side.QUERY, think=think, batch_size=target.rows)
    return EmbedOutput(found.vectors, ((),) * len(inputs))
