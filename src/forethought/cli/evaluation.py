"""What the commands of `forethought evaluate` share: options, models, reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.cli.load import load_encoder
from forethought.errors import ConfigError
from forethought.files import atomic, check_target, write_text
from forethought.types import Think

if TYPE_CHECKING:
    from forethought.encoders import Encoder
    from forethought.evaluation import Benchmark, Report, TaskResult

_PIPED_WIDTH = 140
"""Columns where the output is no terminal: wide enough that no cell is cut."""

_ALSO_WRITE = "Also write the report to this file."

ThinkOption = Annotated[
    str, typer.Option(help="Modes of its queries, with commas: never, always, auto.")
]
BesideOption = Annotated[
    str, typer.Option(help="Models to compare with, with commas; they never think.")
]
DocumentsThinkOption = Annotated[Think, typer.Option(help="Mode of the first model's documents.")]
TaskOption = Annotated[str, typer.Option(help="Only these tasks, with commas.")]
QueriesOption = Annotated[
    int | None, typer.Option(help="At most so many queries of each split, for a quick run.")
]
DataOption = Annotated[
    Path, typer.Option(parser=options.parse_path, metavar="DIR", help="Folder of the benchmark.")
]
ReportOption = Annotated[
    Path | None, typer.Option(parser=options.parse_path, metavar="FILE", help=_ALSO_WRITE)
]
PlotOption = Annotated[
    Path | None,
    typer.Option(parser=options.parse_path, metavar="FILE", help="Also plot hit@1 to this PNG."),
]


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """Where a report is written beside the terminal.

    Raises:
        ConfigError: if a file cannot be written, or a plot cannot be drawn.
    """

    json: Path | None
    markdown: Path | None
    plot: Path | None

    def __post_init__(self) -> None:
        for target in (self.json, self.markdown, self.plot):
            check_target(target)
        if self.plot is not None and find_spec("matplotlib") is None:
            raise ConfigError(
                "--plot needs the package matplotlib, which is not installed; install it with: "
                "pip install 'forethought[eval]'"
            )

    def publish(self, report: "Report", results: "Sequence[TaskResult]") -> None:
        """Write the files and print the tables; the plot draws the results."""
        from forethought import evaluation

        # Files first: a closed pipe must not cost minutes of encoding.
        if self.json is not None:
            evaluation.write_json(report, self.json)
        if self.markdown is not None:
            write_text(self.markdown, evaluation.markdown(report))
        if self.plot is not None:
            with atomic(self.plot) as temporary:
                evaluation.plot_bars(results, temporary)
        _print(report)


@dataclass(frozen=True, slots=True)
class Modes:
    """How the first model embeds queries, in turn, and documents."""

    queries: tuple[Think, ...]
    documents: Think = Think.NEVER


def names(listed: str) -> list[str]:
    """The different words of a list with commas."""
    return list(dict.fromkeys(name.strip() for name in listed.split(",") if name.strip()))


def modes(listed: str) -> tuple[Think, ...]:
    """The modes of a list with commas.

    Raises:
        ConfigError: if one is unknown, or there is none.
    """
    known = ", ".join(Think)
    found = names(listed)
    unknown = [name for name in found if name not in list(Think)]
    if unknown or not found:
        raise ConfigError(f"unknown --think {listed!r}; name one or more of {known}, with commas")
    return tuple(Think(name) for name in found)


def load_encoders(models: Sequence[str]) -> "list[Encoder]":
    """Load models, each once.

    Raises:
        ConfigError: if two have one name.
        ModelError: if one cannot be found or loaded.
    """
    encoders: dict[str, Encoder] = {}
    for name in models:
        encoder = load_encoder(name)
        if encoder.name in encoders:
            raise ConfigError(
                f"two models have the name {encoder.name!r}; a report needs a name for each"
            )
        encoders[encoder.name] = encoder
    return list(encoders.values())


def evaluate_models(
    benchmark: "Benchmark", models: Sequence[str], modes: Modes, files: ReportFiles
) -> "list[TaskResult]":
    """Score the first model in each mode and the others without thinking, and report them.

    Returns the results that the report is of.
    """
    from forethought import evaluation

    encoders = load_encoders(models)
    results = evaluate_all(benchmark, encoders, modes)
    described = {encoder.name: evaluation.describe_encoder(encoder) for encoder in encoders}
    settings = evaluation.protocol(benchmark, models=described, documents_think=modes.documents)
    files.publish(evaluation.compose(results, settings), results)
    return results


def evaluate_all(
    benchmark: "Benchmark", encoders: "Sequence[Encoder]", modes: Modes
) -> "list[TaskResult]":
    """The results of the first encoder in each mode, then of the others without thinking."""
    results = evaluate_one(benchmark, encoders[0], modes)
    for encoder in encoders[1:]:
        results += evaluate_one(benchmark, encoder, Modes((Think.NEVER,)))
    return results


def evaluate_one(
    benchmark: "Benchmark", encoder: "Encoder", modes: Modes, *, label: str = ""
) -> "list[TaskResult]":
    """The results of one encoder in each mode, with a progress bar of this label."""
    from forethought.evaluation import evaluate

    with console.progress_bar(label or encoder.name) as progress:
        return evaluate(
            benchmark,
            encoder,
            think=modes.queries,
            documents_think=modes.documents,
            progress=progress,
        )


def _print(report: "Report") -> None:
    from rich.console import Console

    from forethought.evaluation import terminal_tables

    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    for table in terminal_tables(report):
        console.print(table)
