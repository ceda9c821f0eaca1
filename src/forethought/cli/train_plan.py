"""What `forethought train --dry-run` prints."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from forethought.cli import console

if TYPE_CHECKING:
    from forethought.training import DataSummary, RunPlan, Stage, StageLoad

_INDENT = 9
_WIDTH = 120
_MAX_NAMES = 12


def print_plan(plan: "RunPlan", data: "DataSummary") -> None:
    """Print what would run, on what, from which data, and the memory it takes."""
    for title, lines in (
        ("run", _run(plan)),
        ("device", _device(plan)),
        ("model", _model(plan)),
        ("data", _data(data)),
        *((f"stage {at}", _stage(*each)) for at, each in enumerate(_stages(plan), 1)),
        ("memory", _memory(plan)),
        ("writes", _writes(plan)),
    ):
        for at, line in enumerate(lines):
            head = f"{title if at == 0 else '':<{_INDENT}}"
            print(
                textwrap.fill(
                    f"{head}{console.escape(line)}",
                    _WIDTH,
                    subsequent_indent=" " * (_INDENT + 2),
                    break_long_words=False,
                    break_on_hyphens=False,
                )
            )


def _run(plan: "RunPlan") -> Iterator[str]:
    recipe = plan.recipe
    stages = console.count_of(len(recipe.stages), "stage")
    yield f"{recipe.name}: {recipe.steps:,} steps in {stages}, seed {recipe.seed}"
    if plan.checkpoint is None:
        yield "starts at step 0: there is no checkpoint"
    elif plan.first < recipe.steps:
        yield f"resumes at step {plan.first:,}, from {plan.checkpoint}"
    else:
        yield f"is finished: {plan.checkpoint} has its last step"


def _device(plan: "RunPlan") -> Iterator[str]:
    from forethought.doctor import machine_name

    precision = "bfloat16 autocast over float32 weights" if plan.bf16 else "float32"
    processes = f"{plan.world.size} process{'es' * (plan.world.size > 1)}"
    shared = f" ({plan.parallel.value})" if plan.world.size > 1 else ""
    yield f"{plan.device} ({machine_name(plan.device)}), {processes}{shared}, {precision}"


def _model(plan: "RunPlan") -> Iterator[str]:
    model, weights = plan.model, plan.weights
    architecture = model.backbone.network.config.model_type
    yield f"{model.origin}: {model.family.title}, {architecture}"
    adapter = " in an adapter" if plan.recipe.trained.adapter else ""
    yield (
        f"{weights.all:,} parameters: {weights.trained:,} trained{adapter}, "
        f"{weights.frozen:,} frozen"
    )


def _data(data: "DataSummary") -> Iterator[str]:
    from forethought.engines import format_bytes

    tasks = console.count_of(len(data.tasks), "task")
    skipped = f", {data.skipped:,} rows skipped" if data.skipped else ""
    yield f"{data.use}: {data.examples:,} examples of {tasks}{skipped}"
    for found in data.files:
        files = console.count_of(found.files, "file")
        yield f"{found.path}: {files}, {format_bytes(found.size_bytes)}"
    if data.columns:
        yield f"columns {_named(data.columns)}"
    yield "tasks " + _named([f"{task} {count:,}" for task, count in data.tasks.items()])
    whole = "all" if data.sampled == data.examples else "a sample of"
    yield (
        f"of {whole} {data.sampled:,}: {data.query_rationales:,} queries and "
        f"{data.document_rationales:,} documents have a rationale, {data.negatives:,} hard "
        f"negatives; queries are {_kinds(data.query_kinds)}, documents {_kinds(data.document_kinds)}"
    )


def _stages(plan: "RunPlan") -> Iterator[tuple["Stage", "StageLoad"]]:
    yield from zip(plan.recipe.stages, plan.loads, strict=True)


def _stage(stage: "Stage", load: "StageLoad") -> Iterator[str]:
    batch = f"{stage.batch:,} pairs" if stage.batch else "no pairs"
    sizes = set(stage.parts)
    parts = f" in sub-batches of {max(sizes)}" if len(stage.parts) > 1 else ""
    times = f", {stage.accumulation} times a step" if stage.accumulation > 1 else ""
    negatives = f", up to {stage.negatives} hard negatives each" if stage.negatives else ""
    yield f"{stage.name}: {stage.steps:,} steps of {batch}{parts}{negatives}{times}"
    yield "loss " + " + ".join(
        f"{objective.weight:g} {objective.term}" for objective in stage.objectives
    )
    yield f"learning rate {', '.join(_rates(stage))}"
    yield (
        f"about {load.tokens:,} tokens a batch and process, padding included; the longest row drawn "
        f"has {load.longest:,}"
    )


def _rates(stage: "Stage") -> Iterator[str]:
    if stage.warmup:
        yield f"from {stage.rate_at(0):.3g} in {stage.warmup} steps"
    yield f"at {stage.peak_rate:.3g}"
    if stage.cooldown:
        yield f"down to {stage.rate_at(stage.steps - 1):.3g} in the last {stage.cooldown}"


def _memory(plan: "RunPlan") -> Iterator[str]:
    from forethought.engines import format_bytes

    memory = plan.memory
    available = "unknown" if plan.available is None else format_bytes(plan.available)
    each = " for each process" if plan.world.size > 1 else ""
    yield f"about {format_bytes(memory.total)}{each}, of {available} available on {plan.device}"
    yield ", ".join(f"{name} {format_bytes(size)}" for name, size in memory.parts.items())


def _writes(plan: "RunPlan") -> Iterator[str]:
    folder, recipe = plan.folder, plan.recipe
    yield f"{folder.path}: {folder.journal.name}, {folder.plot.name}, {folder.model.name}/"
    stages = ", ".join(f"{folder.after(stage.name).name}/" for stage in recipe.stages)
    yield f"{folder.latest.name}/ every {recipe.checkpoint_every} steps, {stages}"


def _kinds(kinds: Mapping[str, int]) -> str:
    return " or ".join(kinds) or "none"


def _named(names: "list[str] | tuple[str, ...]") -> str:
    more = len(names) - _MAX_NAMES
    return ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")
