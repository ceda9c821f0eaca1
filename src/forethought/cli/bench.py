"""`forethought bench`: the engine beside its rivals, with the bars it is held to."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli.files import check_target, whole
from forethought.errors import ConfigError

if TYPE_CHECKING:
    from forethought.bench import Plan, Report
    from forethought.bench.compare import Rival
    from forethought.bench.inputs import Input
    from forethought.bench.subject import Subject

_PIPED_WIDTH = 150
"""A file or a pipe has no width of its own: wide enough for no cell to be cut."""

WORKLOADS = ("nano", "ume-2b")


def bench(
    *,
    workload: Annotated[str, typer.Option(help="nano (CPU) or ume-2b (GPU).")] = "nano",
    quick: Annotated[
        bool, typer.Option(help="Fewer inputs for slow rivals, fewer rounds.")
    ] = False,
    model: Annotated[str, typer.Option(help="The model of the CPU workload.")] = "nano",
    pictures: Annotated[Path, typer.Option(help="Pictures to embed.")] = Path("demo/gallery"),
    inputs: Annotated[int | None, typer.Option(help="How many inputs.")] = None,
    repeats: Annotated[int | None, typer.Option(help="How many timed rounds.")] = None,
    shape: Annotated[str, typer.Option(help="Of ume-2b: full, or tiny to try it.")] = "full",
    tokens: Annotated[str, typer.Option(help="Of ume-2b: lengths, with commas.")] = "128,403",
    json: Annotated[Path | None, typer.Option(help="Also write every figure here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw the rivals to this PNG.")] = None,
) -> None:
    """Time thinking, reading and sampling beside the model cards' own procedure.

    Rivals run in turns on the same inputs; a rival whose vectors differ from ours is marked.
    """
    from rich.console import Console

    from forethought.bench import terminal

    if workload not in WORKLOADS:
        raise ConfigError(f"unknown --workload {workload!r}; known: {', '.join(WORKLOADS)}")
    for target in (json, plot):
        check_target(target)
    if workload == "nano":
        report = _nano(model, pictures, quick=quick, inputs=inputs, repeats=repeats)
    else:
        report = _ume(shape, tokens, inputs=inputs, repeats=repeats)
    _write(report, json, plot)
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    for name, value in report.setting.items():
        console.print(f"{name}: {_said(value)}", highlight=False)
    for table in terminal(report):
        console.print(table)


def _write(report: "Report", json: Path | None, plot: Path | None) -> None:
    from forethought.bench import as_json

    if json is not None:
        with whole(json) as scratch:
            scratch.write_text(as_json(report), encoding="utf-8")
    if plot is not None:
        from forethought.bench.plot import bars

        with whole(plot) as scratch:
            bars(report, scratch)


def _nano(
    model: str, pictures: Path, *, quick: bool, inputs: int | None, repeats: int | None
) -> "Report":
    from forethought.bench import FULL, QUICK, nano

    plan = _plan(QUICK if quick else FULL, inputs, repeats)
    sentences = _sentences if find_spec("sentence_transformers") else None
    return nano(model, plan=plan, pictures=pictures, tell=_tell, sentences=sentences)


def _ume(shape: str, tokens: str, *, inputs: int | None, repeats: int | None) -> "Report":
    from forethought.bench import GPU, TRIAL, Forced, ume

    plan = _plan(TRIAL if shape == "tiny" else GPU, inputs, repeats)
    # Small pictures for the small shape: it is there to be over soon.
    patches = (16, 64) if shape == "tiny" else (256, 1024)
    return ume(Forced(shape, _lengths(tokens), patches, plan), tell=_tell)


def _plan(plan: "Plan", inputs: int | None, repeats: int | None) -> "Plan":
    from dataclasses import replace

    if inputs is not None:
        if inputs < 1:
            raise ConfigError(f"--inputs is {inputs}; embed at least 1")
        slow, medium = min(plan.slow, inputs), min(plan.medium, inputs)
        plan = replace(plan, inputs=inputs, slow=slow, medium=medium)
    if repeats is not None:
        if repeats < 1:
            raise ConfigError(f"--repeats is {repeats}; time at least 1 round")
        plan = replace(plan, repeats=repeats)
    return plan


def _lengths(tokens: str) -> tuple[int, ...]:
    words = [word.strip() for word in tokens.split(",")]
    if not all(word.isdigit() and int(word) > 0 for word in words):
        raise ConfigError(f"--tokens {tokens!r}: name whole numbers above 0, with commas")
    return tuple(int(word) for word in words)


def _sentences(subject: "Subject") -> "Rival":
    import numpy as np

    from forethought.bench.stock import Answer
    from forethought.interop import as_sentence_transformer

    model = as_sentence_transformer(subject.encoder, think="never")

    def embed(inputs: "Sequence[Input]") -> Answer:
        vectors = np.asarray(model.encode([list(one) for one in inputs], batch_size=64))
        return Answer(vectors, ((),) * len(inputs))

    return embed


def _tell(step: str) -> None:
    import sys

    print(f"measuring {step} ...", file=sys.stderr)


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    return str(value)
