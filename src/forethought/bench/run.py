"""The two workloads from end to end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean

import torch

from forethought.bench import bars, compare, memory
from forethought.bench.compare import Plan, Rival
from forethought.bench.decode import Decode, decoding, gpu_bars
from forethought.bench.inputs import Input, mixed, noise
from forethought.bench.report import Report, setting
from forethought.bench.roofline import Limits, measure
from forethought.bench.rows import Bar, Row
from forethought.bench.shape import SHAPES, UME_2B, ume_2b
from forethought.bench.subject import Subject, subject_of
from forethought.encoders import load
from forethought.errors import ConfigError

FULL = Plan(inputs=256, slow=256, medium=256, repeats=5)
QUICK = Plan(inputs=64, slow=4, medium=8, repeats=2)
"""Fewer inputs, and the first few of them for rivals that run one or four at a time."""
GPU = Plan(inputs=128, slow=2, medium=4, repeats=3)
TRIAL = Plan(inputs=4, slow=1, medium=2, repeats=1)
LENGTHS = (128, 403)
"""Rationales on the GPU: short ones, and UME-R1-2B's reported mean."""
PATCHES = (256, 1024)
MEMORY_TOKENS, MEMORY_ROWS = 403, 4

Tell = Callable[[str], None]
Sentences = Callable[[Subject], Rival | None]


def nano(
    model: str, *, plan: Plan, pictures: Path, tell: Tell, sentences: Sentences | None = None
) -> Report:
    """Measure a model that thinks, on the CPU, on words and pictures from a folder.

    Raises:
        ConfigError: if the folder holds no picture.
        ModelError: if the model cannot think.
    """
    inputs = mixed(pictures, plan.inputs)
    subject = subject_of(load(model, device="cpu"))
    about = setting(subject, repeats=plan.repeats)
    limits = measure(subject.device, megabytes=64, side=512)
    rows, found, decode = _compared(
        subject, inputs, plan, tell=tell, sentences=sentences, limits=limits
    )
    tell("memory")
    grown = {
        rival: memory.growth(rival, model=model, shape="", tokens=MEMORY_TOKENS, rows=MEMORY_ROWS)
        for rival in ("card", "ours")
    }
    found.append(bars.memory(grown, tokens=MEMORY_TOKENS, rows=MEMORY_ROWS))
    decodes = (decode,) if decode else ()
    return Report(f"{subject.encoder.name}, CPU", about, tuple(rows), tuple(found), decodes)


@dataclass(frozen=True, slots=True)
class Forced:
    """The GPU workload's settings: which shape, how long its rationales are, how big pictures."""

    shape: str = "full"
    lengths: tuple[int, ...] = LENGTHS
    patches: tuple[int, int] = PATCHES
    plan: Plan = GPU

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ConfigError(f"unknown --shape {self.shape!r}; known: {', '.join(SHAPES)}")
        if not torch.cuda.is_available() and SHAPES[self.shape] is UME_2B:
            raise ConfigError(
                "workload ume-2b needs CUDA and this machine has none; --shape tiny tries the "
                "command without"
            )


def ume(forced: Forced, *, tell: Tell) -> Report:
    """Measure UME-R1-2B's shape with random weights at forced lengths.

    Raises:
        ConfigError: if the full shape is asked for without CUDA.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    big = device == "cuda"
    subject = ume_2b(SHAPES[forced.shape], device=device, patches=forced.patches)
    inputs = noise(forced.plan.inputs, patches=forced.patches, seed=0)
    about = setting(subject, repeats=forced.plan.repeats)
    limits = measure(subject.device, megabytes=1024 if big else 16, side=8192 if big else 256)
    rows: list[Row] = []
    found: list[Bar] = []
    decodes: list[Decode] = []
    for tokens in forced.lengths:
        more, kept, decode = _compared(
            subject.forced(tokens), inputs, forced.plan, tell=tell, limits=limits,
            label=f", {tokens} tokens", card=100.0,
        )  # fmt: skip
        rows += more
        found += kept
        if big and tokens == LENGTHS[-1]:
            found += gpu_bars(decode, tokens=tokens)
        decodes += [decode] if decode else []
        tell(f"memory at {tokens} tokens")
        grown = _grown(subject, forced.shape, tokens=tokens)
        found.append(bars.memory(grown, tokens=tokens, rows=MEMORY_ROWS))
    workload = f"ume-2b, {forced.shape} shape, random weights"
    return Report(workload, about, tuple(rows), tuple(found), tuple(decodes))


def _compared(
    subject: Subject,
    inputs: Sequence[Input],
    plan: Plan,
    *,
    tell: Tell,
    limits: Limits,
    sentences: Sentences | None = None,
    label: str = "",
    card: float = 8.0,
) -> tuple[list[Row], list[Bar], Decode | None]:
    tell(f"thought vectors{label}")
    thought = compare.thinking(subject, inputs, plan)
    tell(f"one pass{label}")
    read = compare.reading(
        subject, inputs, plan, sentences=sentences(subject) if sentences else None
    )
    tell(f"samples{label}")
    many = compare.sampling(subject, inputs, plan)
    found = [*bars.thought(thought, card=card), *bars.many(many), *bars.one_pass(read)]
    found.append(bars.padded(thought))
    length = float(mean(len(prompt.token_ids) for prompt in subject.prompts(inputs)))
    decode = decoding(
        subject, thought[0], read[0], limits=limits, prompt=length, name=f"ours{label}"
    )
    return [*thought, *read, *many], found, decode


def _grown(subject: Subject, shape: str, *, tokens: int) -> dict[str, int]:
    if subject.device.type == "cuda":
        grow = partial(memory.allocated, subject=subject, tokens=tokens, rows=MEMORY_ROWS)
    else:
        grow = partial(memory.growth, model="", shape=shape, tokens=tokens, rows=MEMORY_ROWS)
    return {rival: grow(rival) for rival in ("card", "ours")}
