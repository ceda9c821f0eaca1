"""Every command, and what becomes of an error."""

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
_BROKEN = 1
_INTERRUPTED = 130
_TRACEBACK = "FORETHOUGHT_TRACEBACK"

# Modules that come with an extra, under the name of the extra.
_EXTRAS = {
    "mteb": "eval",
    "peft": "train",
    "pypdfium2": "media",
    "av": "media",
    "filelock": "search",
    "lancedb": "search",
    "matplotlib": "train",
    "pyarrow": "search",
    "resvg_py": "train",
    "sentence_transformers": "train",
    "sklearn": "train",
    "tensorboard": "train",
}

app = typer.Typer(
    name="forethought",
    help="Think, then embed: search, train and measure one vector space for words and pictures.",
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
    """Run the command line: 0 when done, 2 for bad input, 130 for Ctrl-C, 1 for the rest."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except ForethoughtError as error:
        _stop(str(error), _BAD_INPUT)
    except ModuleNotFoundError as error:
        _stop(_missing(error), _BROKEN)
    except OSError as error:
        _stop(f"the system says: {error}", _BROKEN)
    except Exception as error:
        if os.environ.get(_TRACEBACK):
            raise
        _stop(
            f"unexpected {type(error).__name__}: {error} "
            f"(please report it; {_TRACEBACK}=1 shows where it happened)",
            _BROKEN,
        )


def _stop(message: str, status: int) -> NoReturn:
    line = "".join(letter if letter.isprintable() else " " for letter in message)
    print(f"error: {line.strip()}", file=sys.stderr)
    sys.exit(status)


def _missing(error: ModuleNotFoundError) -> str:
    module = (error.name or "").partition(".")[0]
    if module not in _EXTRAS:
        return f"the package {module!r} is not installed; install it with pip"
    return f"{module} is not installed; pip install 'forethought[{_EXTRAS[module]}]'"


def _say_version(value: bool) -> bool:
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
            "--version", help="Show the version and stop.", callback=_say_version, is_eager=True
        ),
    ] = False,
) -> None:
    del version
