"""`forethought mine`: hard negatives for a training file, without the false ones."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.cli.load import load_encoder, settings
from forethought.errors import ConfigError
from forethought.types import Think

if TYPE_CHECKING:
    from forethought.selection import MinedExample, MiningReport, SamplingStrategy

_LONGEST = 100
"""Characters of a text in a report."""
_NO_FILTER = "none"


def _parse_margin(text: str | float) -> float | None:
    if text == _NO_FILTER:
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no number; write one, or {_NO_FILTER}") from None


def mine(
    examples: options.ExamplesArgument,
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", parser=options.parse_path, metavar="FILE", help="The file to write."
        ),
    ],
    model: options.ModelOption = "nano",
    documents: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="FILE",
            help="Choose among the documents of this file of examples instead.",
        ),
    ] = None,
    num_negatives: Annotated[
        int, typer.Option("--num-negatives", "-n", help="At most so many a query.")
    ] = 3,
    range_min: Annotated[
        int, typer.Option(help="Skip the nearest so many documents that do not answer the query.")
    ] = 0,
    range_max: Annotated[int, typer.Option(help="Consider them up to this rank.")] = 100,
    relative_margin: Annotated[
        float | None,
        typer.Option(
            parser=_parse_margin,
            metavar=f"NUMBER|{_NO_FILTER}",
            help="A negative scores so much below the positive, as a share of the positive's score.",
        ),
    ] = 0.05,
    absolute_margin: Annotated[
        float | None, typer.Option(help="A negative scores so much below the positive.")
    ] = None,
    max_score: Annotated[float | None, typer.Option(help="No negative scores above this.")] = None,
    min_score: Annotated[float | None, typer.Option(help="No negative scores below this.")] = None,
    sampling: Annotated[
        str,
        typer.Option(
            metavar="[top|random]", help="Which of those that pass: the nearest, or any of them."
        ),
    ] = "top",
    check_model: Annotated[
        str,
        typer.Option(help="A negative scores below the positive under this model too."),
    ] = "",
    all_tasks: Annotated[
        bool, typer.Option("--all-tasks", help="Choose among the documents of other tasks too.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Leave out the negatives that the lines have.")
    ] = False,
    think: Annotated[
        Think, typer.Option(help="Which queries get a rationale first; documents get none.")
    ] = Think.NEVER,
    seed: Annotated[int, typer.Option(min=0, help="Of random sampling.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    device: options.DeviceOption = "",
    batch_size: options.BatchSizeOption = 64,
    family: options.FamilyOption = "",
    dtype: options.DtypeOption = "",
) -> None:
    """Add hard negatives to the examples of a training file.

    Each query ranks the documents of its task by a model. What shares a label or its content with
    one of its positives is never a negative, nor what scores about as high as they do.
    """
    from forethought.selection import MiningOptions, NegativeRule, mine_hard_negatives

    rule = NegativeRule(
        num_negatives=num_negatives,
        range_min=range_min,
        range_max=range_max,
        max_score=max_score,
        min_score=min_score,
        absolute_margin=absolute_margin,
        relative_margin=relative_margin,
        sampling_strategy=_strategy(sampling),
    )
    load = settings(device=device, family=family, dtype=dtype)
    with console.spinner(f"loading {model}"):
        encoder = load_encoder(model, **load)
    checker = None
    if check_model:
        with console.spinner(f"loading {check_model}"):
            checker = load_encoder(check_model, **settings(device=device))
    report = mine_hard_negatives(
        examples,
        out,
        encoder,
        rule=rule,
        options=MiningOptions(
            think=think,
            checker=checker,
            across_tasks=all_tasks,
            replace=replace,
            batch_size=batch_size,
            seed=seed,
        ),
        documents=documents,
        open_progress=console.progress_bar,
    )
    if as_json:
        console.print_json({**asdict(report), "negatives": report.negatives})
    else:
        _print(report)
    lines = console.count_of(sum(report.examples.values()), "example")
    console.print_status(f"{out}: {lines}, {console.count_of(report.negatives, 'negative')} added")


def _strategy(name: str) -> "SamplingStrategy":
    from forethought.selection import SamplingStrategy

    try:
        return SamplingStrategy(name)
    except ValueError:
        known = ", ".join(SamplingStrategy)
        raise ConfigError(f"--sampling {name}: unknown; known: {known}") from None


def _print(report: "MiningReport") -> None:
    by = f"{report.encoder} {report.revision}"
    print(f"{console.count_of(report.documents, 'document')}, ranked by {console.escape(by)}")
    print(f"\n{'negatives':>9}  examples")
    for count, lines in report.examples.items():
        print(f"{count:>9}  {lines}")
    print(f"\ncandidates {report.candidates}")
    for name, count in report.removed.items():
        what = console.escape(report.checked_by) if name == "checker" else name.replace("_", " ")
        print(f"  removed by {what}: {count} ({count / max(report.candidates, 1):.1%})")
    if report.gap is not None:
        print(
            f"\nmean score: positive {report.positive_score:.3f}, negative "
            f"{report.negative_score:.3f}, gap {report.gap:.3f}"
        )
    _print_examples("smallest gap", report.hardest)
    _print_examples("drawn at random", report.drawn)
    if report.relabelled:
        documents = console.count_of(report.relabelled, "document")
        console.print_status(
            f"{documents} with several labels: in a batch, each label's queries have the other's "
            "for negatives; `forethought data check` names them"
        )


def _print_examples(title: str, examples: "Iterable[MinedExample]") -> None:
    for example in examples:
        print(f"\n{title}, example {example.line}: {_short(example.query)}")
        print(f"  {example.positive.score:6.3f}  + {_short(example.positive.text)}")
        for one in example.negatives:
            print(f"  {one.score:6.3f}  - {_short(one.text)}")


def _short(text: str) -> str:
    line = console.one_line(text)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
