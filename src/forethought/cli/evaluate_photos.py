"""`forethought evaluate photos`: score models on a folder of pictures with captions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, evaluation, options
from forethought.files import check_target
from forethought.types import Think

if TYPE_CHECKING:
    from forethought.cli.query_sheet import QueryRow
    from forethought.evaluation import PhotoFolder, TaskResult

WORST = 12
"""How many queries a sheet shows."""


def photos(
    *,
    data: Annotated[
        Path,
        typer.Option(
            parser=options.parse_path,
            metavar="DIR",
            help="Folder of pictures, each with its caption: dog.png and dog.txt.",
        ),
    ],
    model: Annotated[str, typer.Option(help="The first model: a name or a folder.")] = "nano",
    think: evaluation.ThinkOption = "never,always,auto",
    beside: evaluation.BesideOption = "",
    documents_think: evaluation.DocumentsThinkOption = Think.NEVER,
    queries: evaluation.QueriesOption = None,
    json: evaluation.ReportOption = None,
    markdown: evaluation.ReportOption = None,
    plot: evaluation.PlotOption = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="FILE",
            help="Also draw the worst queries of the first model's first mode to this PNG.",
        ),
    ] = None,
) -> None:
    """Measure hit@1, hit@10 and ndcg@5 of captions over all pictures of a folder.

    Each difference comes with its paired bootstrap interval over queries.
    """
    from forethought.evaluation import read_photos

    modes = evaluation.Modes(evaluation.modes(think), documents_think)
    files = evaluation.ReportFiles(json, markdown, plot)
    check_target(sheet)
    benchmark = read_photos(data, max_queries=queries)
    for note in benchmark.notes:
        console.print_status(note)
    models = [model, *evaluation.names(beside)]
    results = evaluation.evaluate_models(benchmark, models, modes, files)
    if sheet is not None:
        _draw(sheet, benchmark, results[0])


def _draw(path: Path, benchmark: "PhotoFolder", result: "TaskResult") -> None:
    from forethought.cli.query_sheet import draw_query_sheet

    rows = worst_queries(benchmark, result)
    title = f"The worst of {len(result.tokens)} queries: {result.system}"
    draw_query_sheet(path, benchmark.folder, rows, title=title)


def worst_queries(benchmark: "PhotoFolder", result: "TaskResult") -> "list[QueryRow]":
    """The queries whose pictures rank last, the worst first."""
    from forethought.cli.query_sheet import QueryRow

    (task,) = benchmark.tasks
    ranking = result.ranking
    if ranking is None:
        return []
    worst = (-ranking.best).argsort(kind="stable")[:WORST].tolist()
    return [
        QueryRow(
            query=task.queries[query].text,
            rank=int(ranking.best[query]),
            wanted=task.documents[min(task.relevance[query])].media[0],
            found=tuple(
                task.documents[index].media[0]
                for index in ranking.first[query].tolist()
                if index >= 0
            ),
        )
        for query in worst
    ]
