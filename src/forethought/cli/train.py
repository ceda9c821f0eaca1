"""`forethought train`: from a recipe to a model."""

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import forethought
from forethought import config
from forethought.cli import console, options
from forethought.cli.packages import require
from forethought.cli.train_plan import print_plan
from forethought.errors import ConfigError

if TYPE_CHECKING:
    from forethought.training import RunOptions

_log = logging.getLogger(__name__)


def train(
    recipe: Annotated[
        Path,
        typer.Argument(
            parser=options.parse_path, metavar="RECIPE", help="A recipe, such as recipes/nano.toml."
        ),
    ],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="DIR",
            help="The folder of the run; by default runs/NAME.",
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh/--resume", help="Start over, or resume from the last checkpoint."),
    ] = False,
    steps: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many steps, without fitting a gate; by default after the last."
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="Stop after the first step that ends so many minutes after the start, without "
            "fitting a gate; by default after the last."
        ),
    ] = None,
    parallel: Annotated[
        str | None,
        typer.Option(
            help="What each process of `torchrun` has: ddp, all weights (the default), or fsdp2, a "
            "part of them."
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            help="Send loss, terms and rates to tensorboard, trackio or wandb as well, or to an "
            "import path; repeatable."
        ),
    ] = None,
    memory_check: Annotated[
        bool,
        typer.Option(
            "--memory-check/--no-memory-check",
            help="Refuse a run whose estimate does not fit into memory, or try it.",
        ),
    ] = True,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Print what would run, on what, and the memory it takes; train and write nothing.",
        ),
    ] = False,
) -> None:
    """Train a model; after an interruption the same command resumes from the last checkpoint.

    On several GPUs: `torchrun --nproc-per-node 4 -m forethought train RECIPE`.
    """
    _check(recipe, steps, minutes)
    leads = os.environ.get("RANK", "0") == "0"
    if not leads:
        # The first process reports what all of them do.
        logging.getLogger(forethought.__name__).setLevel(logging.ERROR)
    chosen = _options(parallel, tuple(track or ()), memory_check=memory_check)
    from forethought import training

    with training.processes():
        if dry_run:
            with console.spinner("reading the data and the model's settings"):
                plan = training.plan(recipe, out=out, fresh=fresh, options=chosen)
                data = training.summarise_data(plan.recipe.data)
            if leads:
                print_plan(plan, data)
            if memory_check:
                plan.check_memory()
            return
        model = training.run(
            recipe,
            out=out,
            fresh=fresh,
            max_steps=steps,
            max_minutes=minutes,
            options=chosen,
            open_progress=console.announced_progress,
        )
    if leads:
        print(console.escape(model))


def _check(recipe: Path, steps: int | None, minutes: float | None) -> None:
    if not recipe.is_file():
        raise ConfigError(f"{recipe}: no such recipe; name a TOML file, such as recipes/nano.toml")
    if steps is not None and steps < 1:
        raise ConfigError(f"--steps is {steps}; train for at least 1")
    if minutes is not None and not minutes > 0:
        raise ConfigError(f"--minutes is {minutes:g}; train for more than 0, such as 0.5")
    # Used last, hours later: the gate is fitted, and the losses are plotted.
    require("matplotlib", *(["sklearn"] if "gate" in config.read(recipe) else []))


def _options(parallel: str | None, track: tuple[str, ...], *, memory_check: bool) -> "RunOptions":
    from forethought.training import Parallel, RunOptions

    known = [each.value for each in Parallel]
    if parallel is not None and parallel not in known:
        raise ConfigError(f"--parallel is {parallel!r}; known: {', '.join(known)}")
    if parallel is not None and int(os.environ.get("WORLD_SIZE", "1")) == 1:
        _log.warning(
            "--parallel %s: there is one process, which shares with none; start several with "
            "`torchrun --nproc-per-node N -m forethought train ...`",
            parallel,
        )
    return RunOptions(Parallel(parallel or Parallel.DDP), track, memory_check)
