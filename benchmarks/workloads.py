"""The two workloads from end to end: a trained model on a CPU, UME-R1-2B's shape on a GPU."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

import torch

from benchmarks import comparisons, memory_growth, ours, thresholds
from benchmarks.bench_report import BenchReport, setting_of
from benchmarks.comparisons import RunPlan
from benchmarks.decode_rates import DecodeRate, decode_rates
from benchmarks.results import EmbedFn, Result
from benchmarks.stock_folder import stock_folder
from benchmarks.target import Target, target_of
from benchmarks.thresholds import Threshold
from benchmarks.ume_2b import SHAPES, UME_2B, ume_2b
from benchmarks.workload_inputs import Input, mixed, noise
from forethought.doctor import decode_cost, measure_rates
from forethought.encoders import load
from forethought.errors import ConfigError

FULL = RunPlan(inputs=256, slow=256, medium=256, repeats=5, more=2)
QUICK = RunPlan(inputs=64, slow=4, medium=8, repeats=2)
"""Fewer inputs, and only the first few of them for baselines at batch 1 and 4."""
GPU = RunPlan(inputs=256, slow=2, medium=4, repeats=3, more=1)
SMALL = RunPlan(inputs=4, slow=1, medium=2, repeats=1)
REPORTED = 403
"""UME-R1-2B's mean rationale in tokens (arXiv 2511.00405); the absolute thresholds assume it."""
LENGTHS = (REPORTED, 128)
"""Rationale lengths on the GPU: the reported mean, and short ones."""
PATCHES, SMALL_PATCHES = (256, 1024), (16, 64)
MAX_ROWS = 256
MEMORY_TOKENS, MEMORY_ROWS = REPORTED, 4

_LOGGER = logging.getLogger(__name__)

Save = Callable[[BenchReport], None]


@dataclass(frozen=True, slots=True)
class WorkloadRun:
    """What every comparison of one run shares; `save` receives the report after each of them."""

    plan: RunPlan
    save: Save
    sentence_transformers: EmbedFn | str = "the weights are random: there is no folder to load"


def nano(model: str, *, plan: RunPlan, pictures: Path, save: Save) -> BenchReport:
    """Measure a model that thinks, on the CPU, with texts and pictures from a folder.

    A model that stock code cannot load is measured as its decoder behind a stock vision encoder.

    Raises:
        ConfigError: if the folder contains no picture.
        ModelError: if the model cannot think.
    """
    inputs = mixed(pictures, plan.inputs)
    with TemporaryDirectory() as scratch:
        folder = stock_folder(model, Path(scratch))
        return _measured(folder, inputs, plan=plan, save=save)


def _measured(folder: Path, inputs: Sequence[Input], *, plan: RunPlan, save: Save) -> BenchReport:
    target = target_of(load(folder, device="cpu"))
    setting = setting_of(target, repeats=plan.repeats)
    report = BenchReport(f"{target.encoder.name}, CPU", setting)
    run = WorkloadRun(plan, save, _sentence_transformers(target))
    report = _compare(target, inputs, run, report=report)
    _LOGGER.info("measuring options ...")
    report = _extend(report, comparisons.options(target, inputs, plan), (), label="")
    save(report)
    _LOGGER.info("measuring memory ...")
    measure = partial(
        memory_growth.resident_growth,
        model=str(folder), shape="", tokens=MEMORY_TOKENS, rows=MEMORY_ROWS,
    )  # fmt: skip
    growth = {case: measure(case) for case in memory_growth.CASES}
    found = thresholds.memory(growth, tokens=MEMORY_TOKENS, rows=MEMORY_ROWS)
    return replace(report, thresholds=(*report.thresholds, *found))


@dataclass(frozen=True, slots=True)
class UmeOptions:
    """The GPU workload: which shape, how long its rationales are, how large its pictures.

    At most `rows` decode at a time; 0 is as many as fit into memory, up to `MAX_ROWS`.

    Raises:
        ConfigError: if the shape is unknown, or the full one is to run without CUDA.
    """

    shape: str = "full"
    lengths: tuple[int, ...] = LENGTHS
    patches: tuple[int, int] = PATCHES
    plan: RunPlan = GPU
    rows: int = 0

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise ConfigError(f"unknown --shape {self.shape!r}; known: {', '.join(SHAPES)}")
        if not torch.cuda.is_available() and SHAPES[self.shape] is UME_2B:
            raise ConfigError(
                "workload ume-2b needs CUDA and this machine has none; --shape tiny tries the "
                "command without"
            )


def ume(options: UmeOptions, *, save: Save) -> BenchReport:
    """Measure UME-R1-2B's shape with random weights and rationales of fixed lengths."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    _LOGGER.info("making random weights ...")
    target = ume_2b(SHAPES[options.shape], device=device, patches=options.patches)
    inputs = noise(options.plan.inputs, patches=options.patches, seed=0)
    longest = max(len(prompt.token_ids) for prompt in target.prompts(inputs))
    fitting = memory_growth.rows_that_fit(
        decode_cost(target.engine.backbone),
        length=longest + max(options.lengths),
        device=target.device,
        most=MAX_ROWS,
    )
    target = target.with_limits(rows=options.rows or fitting)
    setting = setting_of(target, repeats=options.plan.repeats)
    report = BenchReport(f"ume-2b, {options.shape} shape, random weights", setting)
    # First, while only the weights are allocated.
    for tokens in options.lengths:
        _LOGGER.info("measuring memory, %d tokens ...", tokens)
        growth = _memory_growth(target, options.shape, tokens=tokens)
        found = thresholds.memory(growth, tokens=tokens, rows=MEMORY_ROWS)
        report = replace(report, thresholds=(*report.thresholds, *found))
    run = WorkloadRun(options.plan, save)
    for tokens in options.lengths:
        forced, label = target.with_length(tokens), f", {tokens} tokens"
        report = _compare(forced, inputs, run, report=report, label=label, card=100.0)
        if device == "cuda" and tokens == REPORTED:
            rates = [rate for rate in report.decode_rates if rate.label == label]
            absolute = thresholds.gpu(rates, tokens=tokens)
            report = replace(report, thresholds=(*report.thresholds, *absolute))
        save(report)
    if SHAPES[options.shape] is not UME_2B:
        unapplied = tuple(replace(one, applies=False) for one in report.thresholds)
        report = replace(report, thresholds=unapplied)
    return report


def _compare(
    target: Target,
    inputs: Sequence[Input],
    run: WorkloadRun,
    *,
    report: BenchReport,
    label: str = "",
    card: float = 8.0,
) -> BenchReport:
    """Add the comparisons of one rationale length; `card` is the threshold for (a) at batch 1."""
    plan, dtype = run.plan, target.network.dtype
    before = measure_rates(target.device, dtype=dtype)
    _LOGGER.info("measuring thought vectors%s ...", label)
    # This warms our engine up at full size, too; all rationales are compared with these.
    reference = ours.completions(target, inputs)
    thought = comparisons.thinking(target, inputs, plan, reference=reference)
    report = _extend(report, thought, thresholds.thought(thought, card=card), label=label)
    run.save(report)
    _LOGGER.info("measuring one pass%s ...", label)
    passes = comparisons.one_pass(
        target, inputs, plan, reference=reference, sentence_transformers=run.sentence_transformers
    )
    report = _extend(report, passes, thresholds.one_pass(passes), label=label)
    run.save(report)
    rates = decode_rates(
        decode_cost(target.engine.backbone),
        thought,
        passes,
        rates=before.best(measure_rates(target.device, dtype=dtype)),
        prompt_tokens=fmean(len(prompt.token_ids) for prompt in target.prompts(inputs)),
        label=label,
    )
    _LOGGER.info("measuring samples%s ...", label)
    sampled = comparisons.sampling(target, inputs, plan)
    found = [*thresholds.sampling(sampled), thresholds.padding(thought)]
    report = _extend(report, sampled, found, label=label, rates=rates)
    run.save(report)
    return report


def _extend(
    report: BenchReport,
    results: Sequence[Result],
    found: Sequence[Threshold],
    *,
    label: str,
    rates: Sequence[DecodeRate] = (),
) -> BenchReport:
    """Append to a report, with `label` behind the names of groups and thresholds."""
    results = [replace(one, group=f"{one.group}{label}") for one in results]
    found = [replace(one, what=f"{one.what}{label}", group=f"{one.group}{label}") for one in found]
    return replace(
        report,
        results=(*report.results, *results),
        thresholds=(*report.thresholds, *found),
        decode_rates=(*report.decode_rates, *rates),
    )


def _sentence_transformers(target: Target) -> EmbedFn | str:
    if find_spec("sentence_transformers") is None:
        return "not installed"
    from benchmarks.sentence_transformers_baseline import (  # noqa: PLC0415 - an extra, and heavy
        sentence_transformers_baseline,
    )

    return sentence_transformers_baseline(target)


def _memory_growth(target: Target, shape: str, *, tokens: int) -> dict[str, int]:
    if target.device.type == "cuda":
        measure = partial(
            memory_growth.allocated_growth, target=target, tokens=tokens, rows=MEMORY_ROWS
        )
    else:
        measure = partial(
            memory_growth.resident_growth, model="", shape=shape, tokens=tokens, rows=MEMORY_ROWS
        )
    return {case: measure(case) for case in memory_growth.CASES}
