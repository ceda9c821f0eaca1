"""`forethought merge`: the average of several checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import console, options
from forethought.errors import ConfigError


def merge(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL...", help="Folders, shipped models or repositories of one network."
        ),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", parser=options.parse_path, metavar="DIR", help="The folder to write."
        ),
    ],
    weights: Annotated[
        str,
        typer.Option(
            help="The share of each model, as in 0.7,0.3, divided by their sum; by default equal."
        ),
    ] = "",
) -> None:
    """Average the weights of models that were trained from one start: a model soup.

    All must have the same network, tokenizer and card. Tensors are averaged one at a time in
    float32 and written in the first model's precision. Gates are left out.
    """
    from forethought.encoders import merge as merge_models

    shares = _numbers(weights) if weights else None
    with console.progress_bar("merging") as progress:
        count = merge_models(models, out, weights=shares, progress=progress)
    tensors = console.count_of(count, "tensor")
    console.print_status(f"{out}: {tensors}, the average of {len(models)} models")
    print(console.escape(out))


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"--weights {text}: not numbers; write one a model with commas, as in 0.7,0.3"
        ) from None
