"""`forethought train`: a model out of a recipe."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import console
from forethought.errors import ConfigError


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, such as recipes/nano.toml.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Where the model goes; the recipe's own place by default.")
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh/--resume", help="Start over, or go on from the last checkpoint."),
    ] = False,
    steps: Annotated[
        int | None, typer.Option(help="Stop after so many steps; the recipe's by default.")
    ] = None,
) -> None:
    """Train a model; after a kill the same command goes on from the last checkpoint."""
    if not recipe.is_file():
        raise ConfigError(f"{recipe}: no such recipe; name a TOML file, such as recipes/nano.toml")
    if steps is not None and steps < 1:
        raise ConfigError(f"--steps is {steps}; train for at least 1")
    from forethought import training

    with console.progress_bar(f"training {recipe.stem}") as tell:
        model = training.run(recipe, out=out, fresh=fresh, max_steps=steps, report=tell)
    print(model)
