"""`forethought bench`: the engine beside its rivals, with the bars it is held to."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.errors import ConfigError
from forethought.files import atomic, check_target

if TYPE_CHECKING:
    from benchmarks import Plan, Report

_PIPED_WIDTH = 160
"""A file or a pipe has no width of its own: wide enough for no cell to be cut."""

GALLERY, LENGTHS = Path("demo/gallery"), "403,128"
WORKLOADS: dict[str, dict[str, object]] = {
    "nano": {"quick": False, "model": "nano", "pictures": GALLERY},
    "ume-2b": {"shape": "full", "tokens": LENGTHS, "rows": 0},
}
"""What each may be told alone, and what it is told by default."""


def bench(
    *,
    workload: Annotated[str, typer.Option(help="nano (CPU) or ume-2b (GPU).")] = "nano",
    quick: Annotated[
        bool, typer.Option(help="Of nano: fewer inputs for slow rivals, fewer rounds.")
    ] = False,
    model: Annotated[str, typer.Option(help="Of nano: the model.")] = "nano",
    pictures: Annotated[Path, typer.Option(help="Of nano: what to embed.")] = GALLERY,
    inputs: Annotated[int | None, typer.Option(help="How many inputs.")] = None,
    repeats: Annotated[int | None, typer.Option(help="How many timed rounds.")] = None,
    shape: Annotated[str, typer.Option(help="Of ume-2b: full, or tiny to try it.")] = "full",
    tokens: Annotated[str, typer.Option(help="Of ume-2b: lengths, with commas.")] = LENGTHS,
    rows: Annotated[
        int, typer.Option(help="Of ume-2b: how many write at a time; 0: what memory holds.")
    ] = 0,
    json: Annotated[Path | None, typer.Option(help="Also write every figure here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw the rivals to this PNG.")] = None,
) -> None:
    """Time thinking, reading and sampling beside the model cards' own procedure.

    Rivals run in turns on the same inputs; a rival whose vectors differ from ours is marked.
    What is known so far is kept in the JSON file while the rest is measured.
    """
    if workload not in WORKLOADS:
        raise ConfigError(f"unknown --workload {workload!r}; known: {', '.join(WORKLOADS)}")
    given = {"quick": quick, "model": model, "pictures": pictures}
    given |= {"shape": shape, "tokens": tokens, "rows": rows}
    _refuse_others(workload, given)
    if plot is not None and plot.suffix.lower() != ".png":
        raise ConfigError(f"--plot {plot}: the plot is a PNG; let its name end in .png")
    for target in (json, plot):
        check_target(target)
    # Before torch is there. On Hopper it would build a cuDNN kernel on the host for every length
    # that stock code meets; our own passes leave cuDNN out, so rivals are spared it too.
    os.environ.setdefault("TORCH_CUDNN_SDPA_DEPRIORITIZED", "1")
    from benchmarks import FULL, GPU, QUICK, TRIAL, Forced, nano, ume

    keep = _keeper(json)
    if workload == "nano":
        plan = _plan(QUICK if quick else FULL, inputs, repeats)
        report = nano(model, plan=plan, pictures=pictures, tell=_tell, keep=keep)
    else:
        tiny = shape == "tiny"
        plan = _plan(TRIAL if tiny else GPU, inputs, repeats)
        # Small pictures for the small shape: it is there to be over soon.
        patches = (16, 64) if tiny else (256, 1024)
        forced = Forced(shape, _lengths(tokens), patches, plan=plan, rows=_rows(rows))
        report = ume(forced, tell=_tell, keep=keep)
    keep(report)
    _show(report)
    if plot is not None:
        from benchmarks.plot import draw

        with atomic(plot) as scratch:
            draw(report, scratch)


def _refuse_others(workload: str, given: Mapping[str, object]) -> None:
    """Refuse what another workload alone would listen to."""
    for name, options in WORKLOADS.items():
        for option, default in options.items():
            if name != workload and given[option] != default:
                raise ConfigError(
                    f"--{option} is of --workload {name}, and this is {workload}: leave it out, or "
                    f"ask for --workload {name}"
                )


def _keeper(path: Path | None) -> Callable[["Report"], None]:
    from benchmarks import as_json

    def keep(report: "Report") -> None:
        if path is not None:
            with atomic(path) as scratch:
                scratch.write_text(as_json(report), encoding="utf-8")

    return keep


def _show(report: "Report") -> None:
    from rich.console import Console

    from benchmarks import terminal

    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    for name, value in report.setting.items():
        console.print(f"{name}: {_said(value)}", highlight=False)
    for table in terminal(report):
        console.print(table)


def _plan(plan: "Plan", inputs: int | None, repeats: int | None) -> "Plan":
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
    if not all(word.isdecimal() and int(word) > 0 for word in words):
        raise ConfigError(f"--tokens {tokens!r}: name whole numbers above 0, with commas")
    return tuple(int(word) for word in words)


def _rows(rows: int) -> int:
    if rows < 0:
        raise ConfigError(f"--rows is {rows}; let at least 1 write, or 0 for what memory holds")
    return rows


def _tell(step: str) -> None:
    import sys

    print(f"measuring {step} ...", file=sys.stderr)


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {version}" for name, version in value.items())
    return str(value)
