"""The commands of `forethought`, and the exit codes of their errors."""

import logging
import os
import sys
from typing import Annotated, NoReturn

import typer

import forethought
from forethought.cli import (
    bench,
    data,
    doctor,
    embed,
    evaluate,
    families,
    rationales,
    search,
    train,
)
from forethought.errors import ForethoughtError

_BAD_INPUT = 2
_OTHER_ERROR = 1
_INTERRUPTED = 130
_TRACEBACK = "FORETHOUGHT_TRACEBACK"

EXTRAS = {
    "av": "media",
    "filelock": "search",
    "lancedb": "search",
    "matplotlib": "train",
    "mteb": "eval",
    "peft": "train",
    "pyarrow": "search",
    "pypdfium2": "media",
    "resvg_py": "train",
    "scipy": "eval",
    "sentence_transformers": "eval",
    "sklearn": "train",
}
"""The extra that installs an optional module."""

app = typer.Typer(
    name="forethought",
    help="Reasoning-driven multimodal embeddings: embed, search, train and evaluate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(search.search)
app.command()(embed.embed)
app.command()(train.train)
app.command()(families.families)
app.command()(doctor.doctor)
app.command()(bench.bench)
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(data.app, name="data")
app.add_typer(rationales.app, name="rationales")


def main() -> None:
    """Run the command line; exit code 0 if done, 2 for bad input, 130 for Ctrl-C, 1 otherwise."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except ForethoughtError as error:
        _exit(str(error), _BAD_INPUT)
    except ModuleNotFoundError as error:
        _exit(_missing_module(error), _OTHER_ERROR)
    except OSError as error:
        _exit(f"operating system error: {error}", _OTHER_ERROR)
    except Exception as error:
        if os.environ.get(_TRACEBACK):
            raise
        _exit(
            f"unexpected {type(error).__name__}: {error} "
            f"(please report it; {_TRACEBACK}=1 shows the traceback)",
            _OTHER_ERROR,
        )


def _exit(message: str, code: int) -> NoReturn:
    line = "".join(character if character.isprintable() else " " for character in message)
    print(f"error: {line.strip()}", file=sys.stderr)
    sys.exit(code)


def _missing_module(error: ModuleNotFoundError) -> str:
    module = (error.name or "").partition(".")[0]
    if module not in EXTRAS:
        return f"the package {module!r} is not installed; install it with pip"
    return f"{module} is not installed; pip install 'forethought[{EXTRAS[module]}]'"


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
