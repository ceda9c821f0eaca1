"""`forethought select`: the rationale of each example that helps to find its target, if one does."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import console, options
from forethought.cli.packages import require
from forethought.cli.select_evaluator import EvaluatorOptions
from forethought.cli.select_report import SelectOutput
from forethought.errors import ConfigError
from forethought.files import check_target, write_text


class By(StrEnum):
    """The values of `--by`: those of `selection.SelectBy`, which loads too much for `--help`."""

    MARGIN = "margin"
    COUNTERFACTUAL = "counterfactual"
    LIKELIHOOD = "likelihood"
    RANDOM = "random"
    FIRST = "first"


def select(
    examples: options.ExamplesArgument,
    candidates: Annotated[
        Path,
        typer.Argument(
            parser=options.parse_path,
            metavar="CANDIDATES.jsonl",
            help="What `forethought annotate` wrote about them.",
        ),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            parser=options.parse_path,
            metavar="OUT.jsonl",
            help="The examples with the selected rationales.",
        ),
    ],
    by: Annotated[
        By,
        typer.Option(
            help="What is selected by: the effect on the positive less that on negatives (margin), "
            "the effect on the positive (counterfactual), or a control: the likelihood of the "
            "rationale, a random one, the first worker's first."
        ),
    ] = By.MARGIN,
    vlm: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Evaluator: a chat model that answers whether a pair matches, with and without "
            "the rationale. A folder or a repository, or with --endpoint its name there.",
        ),
    ] = "",
    endpoint: Annotated[
        str, typer.Option(metavar="URL", help="Where --vlm runs: the base of a chat API.")
    ] = "",
    key_env: Annotated[
        str, typer.Option(metavar="NAME", help="Environment variable with the endpoint's key.")
    ] = "",
    encoder: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="Evaluator: an embedding model that thinks; also what --by likelihood uses.",
        ),
    ] = "",
    temperature: Annotated[
        float, typer.Option(help="Of the cosines of --encoder, as in training.")
    ] = 0.05,
    negatives: Annotated[
        int | None,
        typer.Option(
            min=0, help="Negatives a pair is scored against; by default 3, or 64 with --encoder."
        ),
    ] = None,
    min_gain: Annotated[
        float, typer.Option(help="Least effect on the positive, in nats (ε₁).")
    ] = 0.2,
    min_margin: Annotated[
        float, typer.Option(help="Least effect less that on any negative, in nats (ε₂).")
    ] = 0.2,
    easy: Annotated[
        float,
        typer.Option(help="No rationale where the target scores above this without one, in nats."),
    ] = 6.0,
    rate: Annotated[
        float | None,
        typer.Option(help="In place of both bounds: rationales for at most this share of a task."),
    ] = None,
    soft: Annotated[
        float | None,
        typer.Option(
            metavar="BETA",
            help="Draw one of those above the bounds, ∝ exp(effect / BETA), with --seed.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of draws; another one for another epoch.")] = 0,
    worker: Annotated[
        list[str] | None, typer.Option(help="Only this worker's candidates; may be repeated.")
    ] = None,
    allow_label: Annotated[
        bool,
        typer.Option(
            "--allow-label",
            help="Accept thinking that repeats the target's text, or speaks of a target.",
        ),
    ] = False,
    swaps: Annotated[
        int, typer.Option(min=0, help="Inputs that are also scored with another's rationale.")
    ] = 200,
    scores: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="FILE",
            help="Scores that are reused and added to; by default OUT.scores.jsonl.",
        ),
    ] = None,
    device: options.DeviceOption = "",
    dtype: options.DtypeOption = "",
    max_pixels: Annotated[
        int | None, typer.Option(min=1, help="Bound of a picture for --vlm.")
    ] = None,
    batch_size: options.BatchSizeOption = 32,
    show: Annotated[
        int, typer.Option(min=0, help="Examples to read, of those with and without a rationale.")
    ] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    markdown: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path, metavar="FILE", help="Also write the report as Markdown."
        ),
    ] = None,
) -> None:
    """Keep of each example the rationale that helps to find its target, or none.

    A rationale's effect is the score of the pair with it less the score without it. Scores are
    stored as they come: the same command goes on after an interruption, and other bounds score
    nothing again.
    """
    for target in (out, scores, markdown):
        check_target(target)
    if out.exists() and out.samefile(examples):
        raise ConfigError(f"-o {out} would replace the examples; name another file")
    evaluator = EvaluatorOptions(
        by, vlm, endpoint, key_env, encoder, temperature, device, dtype, max_pixels
    )
    if endpoint:
        require("httpx2")
    from forethought.data import ExampleInputs, ExampleLines, read_candidates
    from forethought.selection import (
        PairIndex,
        SelectBy,
        SelectionInputs,
        SelectionRule,
        select_inputs,
        summarise,
        write_selection,
    )

    rule = SelectionRule(SelectBy(by), min_gain, min_margin, easy, rate, soft, seed)
    with console.spinner("reading"):
        lines = ExampleLines(examples)
        found = read_candidates(candidates, ExampleInputs.read(examples))
        index = PairIndex(lines)
    inputs = SelectionInputs(index, found, worker or (), allow_label, swaps, negatives)
    file = scores or out.with_name(f"{out.name.removesuffix('.jsonl')}.scores.jsonl")
    sides = frozenset(one.side for one in found)
    scoring = evaluator.scorers(lines, sides, file=file, batch_size=batch_size)
    with scoring as scorers, console.progress_bar("scoring") as progress:
        selection = select_inputs(inputs, rule, scorers=scorers, progress=progress)
    write_selection(out, lines, selection.inputs)
    output = SelectOutput(selection, summarise(selection), lines, out, show)
    if markdown is not None:
        write_text(markdown, output.markdown())
    if as_json:
        console.print_json(output.payload())
    else:
        output.print()
