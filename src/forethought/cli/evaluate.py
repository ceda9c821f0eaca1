"""`forethought evaluate`: score models on a benchmark, side by side."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import evaluation
from forethought.cli.evaluate_lab import lab
from forethought.cli.evaluate_photos import photos
from forethought.types import Think

app = typer.Typer(no_args_is_help=True, help="Score models on a benchmark, side by side.")
app.command(epilog="Example: forethought evaluate lab --seeds 3")(lab)
app.command(epilog="Example: forethought evaluate photos --data my_photos --think never")(photos)


@app.command(epilog="Example: forethought evaluate glyphs --think never")
def glyphs(
    *,
    model: Annotated[str, typer.Option(help="The first model: a name or a folder.")] = "nano",
    think: evaluation.ThinkOption = "never,always",
    beside: evaluation.BesideOption = "",
    documents_think: evaluation.DocumentsThinkOption = Think.NEVER,
    task: evaluation.TaskOption = "",
    queries: evaluation.QueriesOption = None,
    data: evaluation.DataOption = Path("data/glyphs"),
    json: evaluation.ReportOption = None,
    markdown: evaluation.ReportOption = None,
    plot: evaluation.PlotOption = None,
) -> None:
    """Measure hit@1, recall@10 and ndcg@5 on unseen concepts, styles and questions.

    Each difference comes with its paired bootstrap interval over queries.
    """
    from forethought.nano import read_glyphs

    modes = evaluation.Modes(evaluation.modes(think), documents_think)
    files = evaluation.ReportFiles(json, markdown, plot)
    benchmark = read_glyphs(data, tasks=evaluation.names(task), max_queries=queries)
    evaluation.evaluate_models(benchmark, [model, *evaluation.names(beside)], modes, files)
