"""Our side of each comparison, by the encoder's and the engine's public doors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F

from benchmarks.stock import Answer
from benchmarks.subject import Subject
from forethought.encoders import EncodeInput, LogisticGate
from forethought.engines import Prefill, reread
from forethought.types import Side, Think


def thought(subject: Subject, inputs: Sequence[EncodeInput]) -> Answer:
    """Think about every input; what was written is not told by `encode`, only how much."""
    return _encoded(subject, inputs, Think.ALWAYS)


def direct(subject: Subject, inputs: Sequence[EncodeInput]) -> Answer:
    """Embed every input at once."""
    return _encoded(subject, inputs, Think.NEVER)


def gated(subject: Subject, inputs: Sequence[EncodeInput]) -> Answer:
    """Ask the gate about every input, and let it say no to all: what asking costs."""
    return _encoded(shut(subject), inputs, Think.AUTO)


def shut(subject: Subject) -> Subject:
    """The same behind a gate whose threshold no probability reaches."""
    encoder = subject.encoder
    weight = torch.zeros(encoder.dimension)
    if isinstance(encoder.gate, LogisticGate):
        weight = encoder.gate.weight
    # Above 1: a probability of 1.0 must not think either.
    gate = LogisticGate(weight, bias=0.0, threshold=1.5, fitted_on="nothing: it is shut")
    return replace(subject, encoder=replace(encoder, gate=gate))


def samples(subject: Subject, shown: EncodeInput, *, count: int) -> Answer:
    """Write `count` rationales about one input from one prefill; greedy, so all are as long."""
    return _run(subject, [shown], count)


def written(subject: Subject, inputs: Sequence[EncodeInput]) -> Answer:
    """Think about every input and keep the tokens: what rivals' rationales are held against."""
    return _run(subject, inputs, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Reread:
    """Embed again from rationales that are known: one pass over prompt and rationale."""

    subject: Subject
    completions: tuple[tuple[int, ...], ...]

    def __call__(self, inputs: Sequence[EncodeInput]) -> Answer:
        """Read them, alike lengths together."""
        subject = self.subject
        hidden = reread(
            subject.engine.backbone,
            subject.prompts(inputs),
            self.completions,
            pad_id=subject.pad_id,
            limits=subject.engine.limits,
        )
        return Answer(F.normalize(hidden.float(), dim=-1).cpu().numpy(), self.completions)


def _run(subject: Subject, inputs: Sequence[EncodeInput], count: int) -> Answer:
    encoder = subject.encoder
    found = encoder.engine.run(
        subject.prompts(inputs), decide=_all, decode_options=encoder.decode_options, samples=count
    )
    answers = sorted(found, key=lambda answer: answer.index)
    hidden = torch.stack([vector for answer in answers for vector in answer.vectors])
    vectors = F.normalize(hidden.float(), dim=-1).cpu().numpy()
    completions = tuple(one.token_ids for answer in answers for one in answer.completions)
    return Answer(vectors, completions)


def _all(prefill: Prefill, _group: Sequence[int]) -> tuple[Sequence[int], Sequence[float]]:
    rows = len(prefill.lengths)
    return range(rows), [math.nan] * rows


def _encoded(subject: Subject, inputs: Sequence[EncodeInput], think: Think) -> Answer:
    found = subject.encoder.encode(inputs, side=Side.QUERY, think=think, batch_size=subject.rows)
    return Answer(found.vectors, ((),) * len(inputs))
