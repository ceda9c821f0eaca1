"""`forethought data`: build what models are trained and judged on."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import console

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
    from forethought.nano.glyphs import build

    with console.progress_bar("glyphs") as tell:
        build(out, progress=lambda stage, done, total: tell(done, total, stage))
    print(out)


@app.command()
def gallery(
    *,
    out: Annotated[Path, typer.Option(help="Where the pictures will lie.")] = Path("gallery"),
) -> None:
    """Draw the sample gallery: pictures to try a search on, with their licences."""
    from forethought.nano.glyphs.gallery import build_gallery

    with console.spinner("drawing the gallery"):
        drawn = build_gallery(out)
    print(f"{out}: {drawn} pictures")
