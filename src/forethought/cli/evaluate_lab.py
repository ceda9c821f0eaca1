"""`forethought evaluate lab`: score a model, or a recipe with several seeds, on questions in words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, evaluation, options
from forethought.cli.packages import require
from forethought.errors import ConfigError
from forethought.types import Think

if TYPE_CHECKING:
    from forethought.encoders import Encoder
    from forethought.evaluation import Benchmark

_MODEL = "lab"
_RECIPE = Path("recipes/lab.toml")


def lab(
    *,
    model: Annotated[
        str | None,
        typer.Option(help="The first model: a name or a folder.", show_default=_MODEL),
    ] = None,
    think: evaluation.ThinkOption = "never,always,auto",
    beside: evaluation.BesideOption = "",
    documents_think: evaluation.DocumentsThinkOption = Think.NEVER,
    task: evaluation.TaskOption = "",
    queries: evaluation.QueriesOption = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            help="Train the recipe with the seeds 1 to N and score the runs as one model."
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="RECIPE",
            help="What --seeds trains, in runs/.",
            show_default=str(_RECIPE),
        ),
    ] = None,
    data: evaluation.DataOption = Path("data/lab"),
    json: evaluation.ReportOption = None,
    markdown: evaluation.ReportOption = None,
    plot: evaluation.PlotOption = None,
) -> None:
    """Measure hit@1, recall@10, ndcg@5 and exact answers on questions of no, one and two steps.

    With --seeds, runs that are finished are taken as they are, and an interrupted one resumes.
    Each difference comes with its paired bootstrap interval over queries.
    """
    from forethought.nano import read_lab

    modes = evaluation.Modes(evaluation.modes(think), documents_think)
    files = evaluation.ReportFiles(json, markdown, plot)
    _check(seeds, model, recipe)
    benchmark = read_lab(data, tasks=evaluation.names(task), max_queries=queries)
    others = evaluation.names(beside)
    if seeds is None:
        evaluation.evaluate_models(benchmark, [model or _MODEL, *others], modes, files)
        return
    beside_it = evaluation.load_encoders(others)
    folders = _trained(recipe or _RECIPE, range(1, seeds + 1))
    _evaluate_seeds(benchmark, folders, beside_it, modes, files)


def _check(seeds: int | None, model: str | None, recipe: Path | None) -> None:
    if seeds is None:
        if recipe is not None:
            raise ConfigError(f"--recipe {recipe}: say how often to train it, such as --seeds 3")
        return
    if seeds < 1:
        raise ConfigError(f"--seeds is {seeds}; train at least one, such as --seeds 3")
    if model is not None:
        raise ConfigError(
            f"--model {model} and --seeds {seeds}: --seeds scores the models that it trains; "
            "leave one of the two out, or name the model in --beside"
        )
    if not (recipe or _RECIPE).is_file():
        raise ConfigError(
            f"{recipe or _RECIPE}: no such recipe; name a TOML file, such as {_RECIPE}"
        )


def _trained(recipe: Path, seeds: Sequence[int]) -> dict[int, Path]:
    """The model folder of each seed."""
    require("matplotlib")  # used last by a training run, minutes later
    from forethought import training

    return training.run_seeds(recipe, seeds, open_progress=console.announced_progress)


def _evaluate_seeds(
    benchmark: "Benchmark",
    folders: Mapping[int, Path],
    others: "Sequence[Encoder]",
    modes: evaluation.Modes,
    files: evaluation.ReportFiles,
) -> None:
    from forethought import evaluation as scores
    from forethought.encoders import load

    described, runs = {}, {}
    for seed, folder in folders.items():
        encoder = load(folder)
        label = f"{encoder.name}, seed {seed}"
        described[label] = scores.describe_encoder(encoder)
        runs[seed] = evaluation.evaluate_one(benchmark, encoder, modes, label=label)
    direct = evaluation.Modes((Think.NEVER,))
    results = [one for other in others for one in evaluation.evaluate_one(benchmark, other, direct)]
    described |= {other.name: scores.describe_encoder(other) for other in others}
    settings = scores.protocol(benchmark, models=described, documents_think=modes.documents)
    report = scores.compose_seeds(runs, results, settings)
    files.publish(report, [*scores.mean_over_seeds(runs), *results])
