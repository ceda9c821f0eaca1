"""`forethought data check`: what is wrong with a file of examples, before a model learns from it."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from forethought.cli import console, options
from forethought.errors import DataError, ModelError

if TYPE_CHECKING:
    from forethought.data import DataReport, LineFinding

_MAX_LISTED = 5
_BARS = " ▁▂▃▄▅▆▇█"
_BINS = 24


def check(
    file: Annotated[
        Path,
        typer.Argument(
            parser=options.parse_path,
            metavar="FILE",
            help="A file of examples, a folder or pattern of such, or a range: 'part-{000..003}.tar'.",
        ),
    ],
    *,
    format_name: Annotated[
        str,
        typer.Option(
            "--format", help="The source that reads it, as in a recipe; recognised where certain."
        ),
    ] = "",
    media: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="DIR",
            help="The folder to which paths of media are relative; by default the file's.",
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="Count the tokens of this model; by default words are counted.")
    ] = "",
    open_media: Annotated[
        bool, typer.Option("--open", help="Decode every picture, video and PDF, not only find it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check every row of a training file: form, media, repeats, false negatives, lengths.

    Exit code 2 if training would refuse the file. What may only cost quality, such as a repeated
    example or a rationale that holds its target, is listed too.
    """
    from forethought.config import build_named
    from forethought.data import SOURCES, check_examples, count_words, recognise_format

    name = format_name or recognise_format(file)
    keys = {"path": str(file)} | ({"media": str(media)} if media else {})
    source = build_named(name, keys, SOURCES, kind="format")
    length = _token_counter(model) if model else count_words
    with console.progress_bar("checking") as progress:
        report = check_examples(source, length=length, open_media=open_media, progress=progress)
    if as_json:
        console.print_json({"format": name, **_payload(report)})
    else:
        _print(report, f"{console.escape(file)} ({name})", unit="tokens" if model else "words")
    if not report.is_valid:
        faults = len({one.place for one in report.findings if one.kind.is_error})
        raise DataError(
            f"{file}: {console.count_of(faults, 'row')} of no use to training; mend or leave them "
            'out, or skip them: on_error = "skip"'
            if faults
            else f"{file}: it holds no example; write at least two"
        )


def _token_counter(model: str) -> Callable[[str], int]:
    from tokenizers import Tokenizer

    from forethought.encoders import find_local

    folder = find_local(model)
    path = folder / "tokenizer.json" if folder else None
    if path is None or not path.is_file():
        raise ModelError(
            f"--model {model}: no tokenizer.json on this disk; name a folder that has one, or leave "
            "the option out"
        )
    tokenizer = Tokenizer.from_file(str(path))
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _print(report: "DataReport", title: str, *, unit: str) -> None:
    tasks = ", ".join(f"{console.escape(task)} {count}" for task, count in report.tasks.items())
    print(f"{title}: {console.count_of(report.examples, 'example')} ({tasks})")
    if report.lengths:
        print(f"\n{unit:<10} {'count':>8} {'median':>7} {'99 %':>7} {'most':>7}  from 0 to most")
    for name, lengths in report.lengths.items():
        count, median, tail, most = _summary(lengths).values()
        bars = _bars(_histogram(lengths)[0])
        print(f"{name:<10} {count:>8} {median:>7.0f} {tail:>7.0f} {most:>7}  {bars}")
    for kind in dict.fromkeys(one.kind for one in report.findings):
        found = [one for one in report.findings if one.kind is kind]
        print(f"\n{kind}: {_extent(found)}")
        for one in found[:_MAX_LISTED]:
            print(f"  {console.escape(one.place)}: {console.one_line(one.message)}")
        if len(found) > _MAX_LISTED:
            print(f"  ... and {len(found) - _MAX_LISTED} more")


def _extent(found: "list[LineFinding]") -> str:
    """The number of rows, and of the groups of those that clash with one and the same row."""
    rows = console.count_of(len({one.place for one in found}), "row")
    groups = len({one.first for one in found if one.first})
    return f"{rows} in {console.count_of(groups, 'group')}" if groups else rows


def _summary(lengths: np.ndarray) -> dict[str, int | float]:
    return {
        "count": len(lengths),
        "median": float(np.median(lengths)),
        "p99": float(np.percentile(lengths, 99)),
        "most": int(lengths.max()),
    }


def _histogram(lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts from 0 to the largest length, and the edges between them."""
    return np.histogram(lengths, bins=_BINS, range=(0, max(int(lengths.max()), 1)))


def _bars(counts: np.ndarray) -> str:
    """Counts as bars; where there are any, there is one."""
    steps = np.ceil(counts / counts.max() * (len(_BARS) - 1)).astype(int)
    return "".join(_BARS[step] for step in steps)


def _payload(report: "DataReport") -> dict[str, object]:
    return {
        "examples": report.examples,
        "tasks": report.tasks,
        "valid": report.is_valid,
        "findings": [asdict(one) for one in report.findings],
        "lengths": {name: _length_table(lengths) for name, lengths in report.lengths.items()},
    }


def _length_table(lengths: np.ndarray) -> dict[str, object]:
    counts, edges = _histogram(lengths)
    return {**_summary(lengths), "histogram": {"counts": counts.tolist(), "edges": edges.tolist()}}
