"""The two workloads from end to end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import mean

import torch

from benchmarks import bars, compare, memory, own
from benchmarks.compare import Plan
from benchmarks.decode import REPORTED, Decode, decodings, gpu_bars
from benchmarks.inputs import Input, mixed, noise
from benchmarks.report import Report, setting
from benchmarks.roofline import Limits, measure, work_of
from benchmarks.rows import Bar, Row
from benchmarks.shape import SHAPES, UME_2B, ume_2b
from benchmarks.stock import Rival
from benchmarks.subject import Subject, subject_of
from forethought.encoders import load
from forethought.errors import ConfigError

FULL = Plan(inputs=256, slow=256, medium=256, repeats=5, more=2)
QUICK = Plan(inputs=64, slow=4, medium=8, repeats=2)
"""Fewer inputs, and the first few of them for rivals that run one or four at a time."""
GPU = Plan(inputs=256, slow=2, medium=4, repeats=3, more=1)
TRIAL = Plan(inputs=4, slow=1, medium=2, repeats=1)
LENGTHS = (REPORTED, 128)
"""Rationales on the GPU: UME-R1-2B's reported mean, which the bars are about, and short ones."""
PATCHES = (256, 1024)
MOST_ROWS = 256
MEMORY_TOKENS, MEMORY_ROWS = REPORTED, 4

Tell = Callable[[str], None]
Keep = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class Run:
    """What every comparison of one run shares; `keep` is handed what is known so far."""

    plan: Plan
    measured: Callable[[], Limits]
    tell: Tell
    keep: Keep
    report: Report
    sentences: Rival | str = field(default="the weights are random: there is no folder to load")


def nano(model: str, *, plan: Plan, pictures: Path, tell: Tell, keep: Keep) -> Report:
    """Measure a model that thinks, on the CPU, on words and pictures from a folder.

    Raises:
        ConfigError: if the folder holds no picture.
        ModelError: if the model cannot think.
    """
    inputs = mixed(pictures, plan.inputs)
    subject = subject_of(load(model, device="cpu"))
    about = setting(subject, repeats=plan.repeats)
    measured = partial(measure, subject.device, megabytes=64, side=512)
    report = Report(f"{subject.encoder.name}, CPU", about)
    run = Run(plan, measured, tell, keep, report, _sentences(subject))
    report = _compared(subject, inputs, run)
    tell("options")
    report = _grown_by(report, compare.options(subject, inputs, plan), (), label="")
    keep(report)
    tell("memory")
    grow = partial(memory.growth, model=model, shape="", tokens=MEMORY_TOKENS, rows=MEMORY_ROWS)
    grown = bars.memory(
        {rival: grow(rival) for rival in memory.RIVALS}, tokens=MEMORY_TOKENS, rows=MEMORY_ROWS
    )
    return replace(report, bars=(*report.bars, *grown))


@dataclass(frozen=True, slots=True)
class Forced:
    """The GPU workload's settings: which shape, how long its rationales are, how big pictures.

    So many `rows` write at a time; 0 is as many as memory holds, up to `MOST_ROWS`.
    """

    shape: str = "full"
    lengths: tuple[int, ...] = LENGTHS
    patches: tuple[int, int] = PATCHES
    plan: Plan = GPU
    rows: int = 0

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ConfigError(f"unknown --shape {self.shape!r}; known: {', '.join(SHAPES)}")
        if not torch.cuda.is_available() and SHAPES[self.shape] is UME_2B:
            raise ConfigError(
                "workload ume-2b needs CUDA and this machine has none; --shape tiny tries the "
                "command without"
            )


def ume(forced: Forced, *, tell: Tell, keep: Keep) -> Report:
    """Measure UME-R1-2B's shape with random weights at forced lengths.

    Raises:
        ConfigError: if the full shape is asked for without CUDA.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    big = device == "cuda"
    tell("nothing yet, drawing weights")
    subject = ume_2b(SHAPES[forced.shape], device=device, patches=forced.patches)
    inputs = noise(forced.plan.inputs, patches=forced.patches, seed=0)
    longest = max(len(prompt.token_ids) for prompt in subject.prompts(inputs))
    room = memory.rows_that_fit(
        work_of(subject),
        length=longest + max(forced.lengths),
        device=subject.device,
        most=MOST_ROWS,
    )
    subject = subject.within(rows=forced.rows or room)
    about = setting(subject, repeats=forced.plan.repeats)
    size = (1024, 8192) if big else (16, 256)
    measured = partial(measure, subject.device, megabytes=size[0], side=size[1])
    report = Report(f"ume-2b, {forced.shape} shape, random weights", about)
    # Before anything else is held: what others left behind must not be counted.
    for tokens in forced.lengths:
        tell(f"memory at {tokens} tokens")
        grown = bars.memory(
            _grown(subject, forced.shape, tokens=tokens), tokens=tokens, rows=MEMORY_ROWS
        )
        report = replace(report, bars=(*report.bars, *grown))
    for tokens in forced.lengths:
        run = Run(forced.plan, measured, tell, keep, report)
        report = _compared(
            subject.forced(tokens), inputs, run, label=f", {tokens} tokens", card=100.0
        )
        if big and tokens == REPORTED:
            ours = [one for one in report.decodes if one.label.endswith(f" {tokens} tokens")]
            report = replace(report, bars=(*report.bars, *gpu_bars(ours, tokens=tokens)))
        keep(report)
    if SHAPES[forced.shape] is not UME_2B:
        # It was run to try the command.
        report = replace(report, bars=tuple(replace(bar, judged=False) for bar in report.bars))
    return report


def _compared(
    subject: Subject, inputs: Sequence[Input], run: Run, *, label: str = "", card: float = 8.0
) -> Report:
    """The report with one length's comparisons; what is known is kept after each of them."""
    report = run.report
    before = run.measured()
    run.tell(f"thought vectors{label}")
    # Ours is warm after this, at full size; and all are held against these rationales.
    written = own.written(subject, inputs)
    thought = compare.thinking(subject, inputs, run.plan, written=written)
    report = _grown_by(report, thought, bars.thought(thought, card=card), label=label)
    run.keep(report)
    run.tell(f"one pass{label}")
    read = compare.reading(subject, inputs, run.plan, written=written, sentences=run.sentences)
    report = _grown_by(report, read, bars.one_pass(read), label=label)
    run.keep(report)
    length = float(mean(len(prompt.token_ids) for prompt in subject.prompts(inputs)))
    limits = before.best(run.measured())
    decodes = decodings(work_of(subject), thought, read, limits=limits, prompt=length, label=label)
    run.tell(f"samples{label}")
    many = compare.sampling(subject, inputs, run.plan)
    promised = [*bars.many(many), bars.padded(thought)]
    report = _grown_by(report, many, promised, label=label, decodes=decodes)
    run.keep(report)
    return report


def _grown_by(
    report: Report,
    rows: Sequence[Row],
    promised: Sequence[Bar],
    *,
    label: str,
    decodes: Sequence[Decode] = (),
) -> Report:
    return replace(
        report,
        rows=(*report.rows, *(replace(row, group=f"{row.group}{label}") for row in rows)),
        bars=(
            *report.bars,
            *(
                replace(bar, what=f"{bar.what}{label}", group=f"{bar.group}{label}")
                for bar in promised
            ),
        ),
        decodes=(*report.decodes, *decodes),
    )


def _sentences(subject: Subject) -> Rival | str:
    if find_spec("sentence_transformers") is None:
        return "not installed"
    from benchmarks.sentences import sentences  # noqa: PLC0415 - an extra, and heavy

    return sentences(subject)


def _grown(subject: Subject, shape: str, *, tokens: int) -> dict[str, int]:
    if subject.device.type == "cuda":
        grow = partial(memory.allocated, subject=subject, tokens=tokens, rows=MEMORY_ROWS)
    else:
        grow = partial(memory.growth, model="", shape=shape, tokens=tokens, rows=MEMORY_ROWS)
    return {rival: grow(rival) for rival in memory.RIVALS}
