"""`forethought data`: build what models are trained and judged on."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Build what models are trained and judged on.")


@app.callback()
def _data() -> None:
    """Keep `glyphs` a command of its own: Typer drops the name of an only command."""


@app.command()
def glyphs(
    *,
    out: Annotated[Path, typer.Option(help="Where the set will lie.")] = Path("data/glyphs"),
) -> None:
    """Draw emoji, icons and flags out of published packages, with their true rationales.

    Downloads are kept and checked; a second call goes on where the first one stopped.
    """
    from forethought.data.glyphs import build

    build(out)
