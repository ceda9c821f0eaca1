"""The commands of `forethought`, and the exit codes of their errors."""

import io
import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

import forethought
from forethought.cli import (
    annotate,
    bench,
    console,
    data,
    doctor,
    embed,
    evaluate,
    families,
    merge,
    mine,
    rationales,
    search,
    select,
    train,
)
from forethought.cli.packages import describe_missing
from forethought.cli.system_errors import describe_system_error
from forethought.errors import ForethoughtError

_BAD_INPUT = 2
_OTHER_ERROR = 1
_INTERRUPTED = 130
_TRACEBACK = "FORETHOUGHT_TRACEBACK"

app = typer.Typer(
    name="forethought",
    help="Reasoning-driven multimodal embeddings: embed, search, train and evaluate.",
    no_args_is_help=True,
    # Joins the lines of a paragraph.
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog='Example: forethought search "musical instrument" pictures -k 3 --think never')(
    search.search
)
app.command(epilog="Example: forethought embed pictures report.pdf --pages 1-3 -o vectors.parquet")(
    embed.embed
)
app.command(epilog="Example: forethought train recipes/nano.toml")(train.train)
app.command(
    epilog="Example: forethought annotate train.jsonl --workers workers.toml -o candidates.jsonl"
)(annotate.annotate)
app.command(epilog="Example: forethought merge runs/a/model runs/b/model -o soup")(merge.merge)
app.command(epilog="Example: forethought mine train.jsonl -o mined.jsonl")(mine.mine)
app.command(
    epilog="Example: forethought select train.jsonl candidates.jsonl -o best.jsonl --encoder lab"
)(select.select)
app.command(epilog="Example: forethought families ume_r1")(families.families)
app.command(epilog="Example: forethought doctor nano")(doctor.doctor)
app.command(epilog="Example: forethought bench nano pictures --limit 16")(bench.bench)
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(data.app, name="data")
app.add_typer(rationales.app, name="rationales")


def main() -> None:
    """Run the command line; exit code 0 if done, 2 for bad input, 130 for Ctrl-C, 1 otherwise."""
    _prepare_output()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except ForethoughtError as error:
        _exit(str(error), _BAD_INPUT)
    except ModuleNotFoundError as error:
        _exit(describe_missing(error), _OTHER_ERROR)
    except Exception as error:
        known = describe_system_error(error)
        if os.environ.get(_TRACEBACK):
            raise
        _exit(
            known
            or f"unexpected {type(error).__name__}: {error} "
            f"(please report it; {_TRACEBACK}=1 shows the traceback)",
            _OTHER_ERROR,
        )


def _prepare_output() -> None:
    """Characters that the output's encoding lacks are escaped; log records take one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    handler = logging.StreamHandler()
    handler.setFormatter(_OneLineFormatter("%(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # What is downloaded, among others.
    logging.getLogger(forethought.__name__).setLevel(logging.INFO)


class _OneLineFormatter(logging.Formatter):
    """Records without control characters: they name files."""

    def format(self, record: logging.LogRecord) -> str:
        return console.one_line(super().format(record))


def _exit(message: str, code: int) -> NoReturn:
    line = "".join(character if character.isprintable() else " " for character in message)
    print(f"error: {line.strip()}", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        # The interpreter would try again at its end, and print a traceback.
        sys.stdout = None
    sys.exit(code)


def _print_version(value: bool) -> bool:
    if value:
        print(f"forethought {forethought.__version__}")
        raise typer.Exit
    return value


@app.callback()
def _forethought(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    del version
