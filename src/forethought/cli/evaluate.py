"""`forethought evaluate`: judge models on a benchmark, side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.errors import ConfigError, ModelError
from forethought.files import atomic, check_target
from forethought.types import Think

if TYPE_CHECKING:
    from forethought.encoders import Encoder
    from forethought.evaluation import Benchmark, Judged

app = typer.Typer(no_args_is_help=True, help="Judge models on a benchmark, side by side.")

_PIPED_WIDTH = 120
"""A file or a pipe has no width of its own: wide enough for no cell to be cut."""

_WRITTEN = "Also write the report to this file."


@app.callback()
def _evaluate() -> None:
    """Keep `glyphs` a command of its own: Typer drops the name of an only command."""


@app.command()
def glyphs(
    *,
    model: Annotated[str, typer.Option(help="The model in question: a name or a folder.")] = "nano",
    think: Annotated[
        str, typer.Option(help="How its queries are read, with commas: never, always, auto.")
    ] = "never,always",
    beside: Annotated[
        str, typer.Option(help="Models to set beside it, with commas; they read directly.")
    ] = "",
    documents_think: Annotated[Think, typer.Option(help="How documents are read.")] = Think.NEVER,
    task: Annotated[str, typer.Option(help="Only these tasks, with commas.")] = "",
    queries: Annotated[
        int | None, typer.Option(help="At most so many queries a split: a quick look.")
    ] = None,
    data: Annotated[Path, typer.Option(help="Where the benchmark lies.")] = Path("data/glyphs"),
    json: Annotated[Path | None, typer.Option(help=_WRITTEN)] = None,
    markdown: Annotated[Path | None, typer.Option(help=_WRITTEN)] = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw hit@1 to this PNG.")] = None,
) -> None:
    """Measure hit@1, recall@10 and ndcg@5 on unseen concepts, styles and questions.

    Each difference comes with its paired bootstrap interval over queries.
    """
    from rich.console import Console

    from forethought import evaluation

    modes = _modes(think)
    for target in (json, markdown, plot):
        check_target(target)
    benchmark = evaluation.read(data, tasks=_names(task), num_queries=queries)
    encoders = _load([model, *_names(beside)])
    judged = _judge(benchmark, encoders, modes=modes, documents_think=documents_think)
    report = evaluation.compose(
        judged,
        evaluation.protocol(
            revision=benchmark.revision,
            models={encoder.name: evaluation.describe(encoder) for encoder in encoders},
            documents_think=documents_think,
            num_queries=queries,
        ),
    )
    # Files first: a narrow terminal or a closed pipe must not cost minutes of judging.
    if json is not None:
        evaluation.write_json(report, json)
    if markdown is not None:
        evaluation.write_text(evaluation.markdown(report), markdown)
    if plot is not None:
        _plot(judged, plot)
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    for table in evaluation.terminal(report):
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
    from forethought.encoders import load

    encoders: dict[str, Encoder] = {}
    for name in names:
        try:
            encoder = load(name)
        except ModuleNotFoundError as error:
            raise ModelError(
                f"{name} needs the package {error.name}, which is not installed; "
                "install it with: pip install 'forethought[train]'"
            ) from None
        if encoder.name in encoders:
            raise ConfigError(f"two models are called {encoder.name!r}; a report needs one each")
        encoders[encoder.name] = encoder
    return list(encoders.values())


def _judge(
    benchmark: "Benchmark",
    encoders: "Sequence[Encoder]",
    *,
    modes: Sequence[Think],
    documents_think: Think,
) -> "list[Judged]":
    from rich import progress as bars
    from rich.console import Console

    from forethought import evaluation

    judged = []
    with bars.Progress(console=Console(stderr=True), transient=True) as shown:
        for place, encoder in enumerate(encoders):
            asked = modes if place == 0 else [Think.NEVER]
            bar = shown.add_task(encoder.name, total=None)

            def update(done: int, total: int, _: str = "", /, bar: bars.TaskID = bar) -> None:
                shown.update(bar, completed=done, total=total)

            judged += evaluation.judge(
                benchmark,
                encoder,
                think=asked,
                documents_think=documents_think if place == 0 else Think.NEVER,
                progress=update,
            )
    return judged


def _plot(judged: "Sequence[Judged]", path: Path) -> None:
    from forethought.evaluation.plot import bars

    with atomic(path) as scratch:
        bars(judged, scratch)
