"""`forethought data`: check a training file; build the data of the embedded default."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import console, options
from forethought.cli.data_check import check as check_file
from forethought.files import check_target, write_text

_AS_EXPECTED = "every table is as expected"

_Out = Annotated[
    Path, typer.Option(parser=options.parse_path, metavar="DIR", help="The folder of the tables.")
]
_Check = Annotated[
    bool,
    typer.Option("--check", help="Build nothing; compare the tables with the committed hashes."),
]
_Record = Annotated[
    Path | None,
    typer.Option(
        parser=options.parse_path, metavar="FILE", help="A JSON file for the hashes of the tables."
    ),
]

app = typer.Typer(
    no_args_is_help=True, help="Check a training file; build the data of the embedded default."
)
app.command("check", epilog="Example: forethought data check train.jsonl")(check_file)


@app.command(epilog="Example: forethought data glyphs --out data/glyphs")
def glyphs(
    *,
    out: _Out = Path("data/glyphs"),
    check: _Check = False,
    record: _Record = None,
) -> None:
    """Draw emoji, icons and flags from published packages, with texts and true rationales.

    Downloads are cached and checked by hash; pictures that are up to date are not drawn again.
    """
    from forethought.nano import build_glyphs, check_glyphs

    check_target(record)
    if check:
        with console.spinner("comparing the tables"):
            check_glyphs(out)
        print(f"{console.escape(out)}: {_AS_EXPECTED}")
        return
    with console.progress_bar("glyphs") as report:
        manifest = build_glyphs(out, progress=report)
    if record is not None:
        write_text(record, manifest.revisions.to_json())
    print(console.escape(out))


@app.command(epilog="Example: forethought data lab --out data/lab")
def lab(
    *,
    out: _Out = Path("data/lab"),
    check: _Check = False,
    record: _Record = None,
) -> None:
    """Write facts of countries and questions about them: the data of comparisons of method."""
    from forethought.nano import build_lab, check_lab

    check_target(record)
    if check:
        check_lab(out)
        print(f"{console.escape(out)}: {_AS_EXPECTED}")
        return
    with console.spinner("writing the tables"):
        manifest = build_lab(out)
    if record is not None:
        write_text(record, manifest.revisions.to_json())
    print(console.escape(out))


@app.command(epilog="Example: forethought data gallery --out gallery")
def gallery(
    *,
    out: Annotated[
        Path,
        typer.Option(parser=options.parse_path, metavar="DIR", help="The folder of the pictures."),
    ] = Path("gallery"),
) -> None:
    """Draw the sample gallery: pictures to try a search on, with their licences."""
    from forethought.nano import build_gallery

    with console.spinner("drawing the gallery"):
        drawn = build_gallery(out)
    print(f"{console.escape(out)}: {drawn} pictures")
