"""`forethought train`: from a recipe to a model."""

from pathlib import Path
from typing import Annotated

import typer

from forethought import config
from forethought.cli import console, options
from forethought.cli.packages import require
from forethought.errors import ConfigError


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
) -> None:
    """Train a model; after an interruption the same command resumes from the last checkpoint."""
    if not recipe.is_file():
        raise ConfigError(f"{recipe}: no such recipe; name a TOML file, such as recipes/nano.toml")
    if steps is not None and steps < 1:
        raise ConfigError(f"--steps is {steps}; train for at least 1")
    if minutes is not None and not minutes > 0:
        raise ConfigError(f"--minutes is {minutes:g}; train for more than 0, such as 0.5")
    # Used last, hours later: the gate is fitted, and the losses are plotted.
    require("matplotlib", *(["sklearn"] if "gate" in config.read(recipe) else []))
    from forethought import training

    model = training.run(
        recipe,
        out=out,
        fresh=fresh,
        max_steps=steps,
        max_minutes=minutes,
        open_progress=console.announced_progress,
    )
    print(console.escape(model))
