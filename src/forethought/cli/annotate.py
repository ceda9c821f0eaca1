"""`forethought annotate`: rationales for the examples of a file, from other models."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.cli.packages import require
from forethought.errors import ConfigError, EndpointError

if TYPE_CHECKING:
    from forethought.annotation import AnnotationReport, WorkerReport


def annotate(
    examples: options.ExamplesArgument,
    *,
    workers: Annotated[
        Path,
        typer.Option(
            parser=options.parse_path,
            metavar="FILE.toml",
            help="The workers: models, prompts and samples.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            parser=options.parse_path,
            metavar="FILE.jsonl",
            help="The candidates; what it holds is not written again.",
        ),
    ],
    documents: Annotated[
        bool, typer.Option("--documents", help="Write about the positives too, not only queries.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Let models write rationales about the examples of a file, each from its own side of a pair.

    Nothing is chosen: the file holds every usable candidate, and the rejected ones with the reason.
    After an interruption the same command goes on; no request that was answered is sent again.
    """
    if not workers.is_file():
        raise ConfigError(f"{workers}: no such file; write a TOML file of workers")
    require("rapidfuzz", "httpx2")
    from forethought.annotation import annotate as run
    from forethought.annotation import load_workers

    file = load_workers(workers)
    with console.progress_bar("annotating") as progress:
        report = run(examples, file, out, documents=documents, progress=progress)
    if as_json:
        console.print_json(_payload(report))
    else:
        _print(report, out)
    _check(report, out)


def _check(report: "AnnotationReport", out: Path) -> None:
    """Refuse to pass over requests that another run would mend, or a run without any use.

    Raises:
        EndpointError: naming what to do.
    """
    if report.unfinished:
        why = next(iter(report.failures), "") or next(
            (one.error for one in report.workers if one.error), ""
        )
        if not any(one.written for one in report.workers):
            raise EndpointError(f"no request has a reply ({why}); mend that and run again")
        raise EndpointError(
            f"{console.count_of(report.unfinished, 'request')} without a reply ({why}); {out} holds "
            "all others: run the same command again, and only these are sent"
        )
    if not report.usable:
        raise EndpointError(
            f"no candidate is usable ({'; '.join(report.failures) or 'all were rejected'}); change "
            "the prompt, the limits in [cleaning] or the worker"
        )


def _print(report: "AnnotationReport", out: Path) -> None:
    print(
        f"{console.escape(out)}: {console.count_of(report.usable, 'usable candidate')} for "
        f"{report.sides - report.without} of {report.sides} sides "
        f"({console.count_of(report.inputs, 'different input')})\n"
    )
    width = max(len("worker"), *(len(console.escape(one.worker.name)) for one in report.workers))
    print(
        f"{'worker':<{width}} {'replies':>8} {'stored':>7} {'failed':>7} {'usable':>7} "
        f"{'tokens in':>11} {'out':>9} {'cost':>9}  rejected"
    )
    for one in report.workers:
        cost = f"{one.cost:.4g}" if one.worker.price_in or one.worker.price_out else "-"
        print(
            f"{console.escape(one.worker.name):<{width}} {one.written:>8} {one.stored:>7} "
            f"{one.failed:>7} {one.usable:>7} {one.prompt_tokens:>11,} "
            f"{one.completion_tokens:>9,} {cost:>9}  {_reasons(one.rejected)}"
        )
    for message in report.failures:
        console.print_status(f"failed: {message}")
    for one in report.workers:
        if one.error and one.error not in report.failures:
            console.print_status(f"{one.worker.name} ended early: {one.error}")


def _reasons(rejected: Counter[str]) -> str:
    return ", ".join(f"{count} {console.one_line(why)}" for why, count in rejected.most_common())


def _payload(report: "AnnotationReport") -> dict[str, object]:
    return {
        "inputs": report.inputs,
        "sides": report.sides,
        "without": report.without,
        "usable": report.usable,
        "unfinished": report.unfinished,
        "failures": list(report.failures),
        "workers": [_worker_payload(one) for one in report.workers],
    }


def _worker_payload(one: "WorkerReport") -> dict[str, object]:
    return {
        "name": one.worker.name,
        "replies": one.written,
        "stored": one.stored,
        "failed": one.failed,
        "usable": one.usable,
        "rejected": dict(one.rejected),
        "prompt_tokens": one.prompt_tokens,
        "completion_tokens": one.completion_tokens,
        "cost": one.cost,
        "error": one.error,
    }
