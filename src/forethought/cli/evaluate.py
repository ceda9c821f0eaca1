"""`forethought evaluate`: score models on a benchmark, side by side."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import options
from forethought.cli.load import load_encoder
from forethought.errors import ConfigError
from forethought.files import atomic, check_target, write_text
from forethought.types import Think

if TYPE_CHECKING:
    from forethought.encoders import Encoder
    from forethought.evaluation import Benchmark, TaskResult

app = typer.Typer(no_args_is_help=True, help="Score models on a benchmark, side by side.")

_PIPED_WIDTH = 120
"""Columns where the output is no terminal: wide enough that no cell is cut."""

_ALSO_WRITE = "Also write the report to this file."


@app.callback()
def _evaluate() -> None:
    """Keep `glyphs` as a command: Typer drops the name of an only command."""


@app.command(epilog="Example: forethought evaluate glyphs --think never")
def glyphs(
    *,
    model: Annotated[str, typer.Option(help="The first model: a name or a folder.")] = "nano",
    think: Annotated[
        str, typer.Option(help="Modes of its queries, with commas: never, always, auto.")
    ] = "never,always",
    beside: Annotated[
        str, typer.Option(help="Models to compare with, with commas; they never think.")
    ] = "",
    documents_think: Annotated[
        Think, typer.Option(help="Mode of the first model's documents.")
    ] = Think.NEVER,
    task: Annotated[str, typer.Option(help="Only these tasks, with commas.")] = "",
    queries: Annotated[
        int | None, typer.Option(help="At most so many queries of each split, for a quick run.")
    ] = None,
    data: Annotated[
        Path,
        typer.Option(parser=options.parse_path, metavar="DIR", help="Folder of the benchmark."),
    ] = Path("data/glyphs"),
    json: Annotated[
        Path | None, typer.Option(parser=options.parse_path, metavar="FILE", help=_ALSO_WRITE)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(parser=options.parse_path, metavar="FILE", help=_ALSO_WRITE)
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path, metavar="FILE", help="Also plot hit@1 to this PNG."
        ),
    ] = None,
) -> None:
    """Measure hit@1, recall@10 and ndcg@5 on unseen concepts, styles and questions.

    Each difference comes with its paired bootstrap interval over queries.
    """
    from rich.console import Console

    from forethought import evaluation
    from forethought.nano import read_glyphs

    modes = _modes(think)
    for target in (json, markdown, plot):
        check_target(target)
    if plot is not None and find_spec("matplotlib") is None:
        raise ConfigError(
            "--plot needs the package matplotlib, which is not installed; install it with: "
            "pip install 'forethought[eval]'"
        )
    benchmark = read_glyphs(data, tasks=_names(task), max_queries=queries)
    encoders = _load([model, *_names(beside)])
    results = _evaluate_all(benchmark, encoders, modes=modes, documents_think=documents_think)
    models = {encoder.name: evaluation.describe_encoder(encoder) for encoder in encoders}
    report = evaluation.compose(
        results, evaluation.protocol(benchmark, models=models, documents_think=documents_think)
    )
    # Files first: a closed pipe must not cost minutes of encoding.
    if json is not None:
        evaluation.write_json(report, json)
    if markdown is not None:
        write_text(markdown, evaluation.markdown(report))
    if plot is not None:
        with atomic(plot) as temporary:
            evaluation.plot_bars(results, temporary)
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    for table in evaluation.terminal_tables(report):
        console.print(table)


def _names(listed: str) -> list[str]:
    return list(dict.fromkeys(name.strip() for name in listed.split(",") if name.strip()))


def _modes(listed: str) -> list[Think]:
    known = ", ".join(Think)
    names = _names(listed)
    unknown = [name for name in names if name not in list(Think)]
    if unknown or not names:
        raise ConfigError(f"unknown --think {listed!r}; name one or more of {known}, with commas")
    return [Think(name) for name in names]


def _load(names: Sequence[str]) -> "list[Encoder]":
    encoders: dict[str, Encoder] = {}
    for name in names:
        encoder = load_encoder(name)
        if encoder.name in encoders:
            raise ConfigError(
                f"two models have the name {encoder.name!r}; a report needs a name for each"
            )
        encoders[encoder.name] = encoder
    return list(encoders.values())


def _evaluate_all(
    benchmark: "Benchmark",
    encoders: "Sequence[Encoder]",
    *,
    modes: Sequence[Think],
    documents_think: Think,
) -> "list[TaskResult]":
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from forethought.evaluation import evaluate

    results = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for encoder in encoders:
            bar = progress.add_task(encoder.name, total=None)

            def update(done: int, total: int, _: str = "", /, bar: TaskID = bar) -> None:
                progress.update(bar, completed=done, total=total)

            first = encoder is encoders[0]
            results += evaluate(
                benchmark,
                encoder,
                think=modes if first else [Think.NEVER],
                documents_think=documents_think if first else Think.NEVER,
                progress=update,
            )
    return results
