"""What the commands print: results on standard output, progress and status on standard error."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.types import Embeddings, Ending, Hit, Mode, Progress

if TYPE_CHECKING:
    from forethought.index import RefreshResult, SkippedFile

_MAX_SKIPPED_LINES = 10
_STATUS_INTERVAL_S = 10.0
_ENDINGS = {
    Ending.EMBED: "ended by itself",
    Ending.LENGTH: "cut off at its token budget",
    Ending.MALFORMED: "malformed",
    Ending.LOOP: "stopped for repeating itself",
    Ending.EARLY_EXIT: "stopped early, as its vector had converged",
}


def one_line(text: str) -> str:
    """Text on one line, with control and format characters replaced by spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def print_status(text: str) -> None:
    """Print one line to standard error."""
    print(one_line(text), file=sys.stderr, flush=True)


@contextmanager
def spinner(text: str) -> Iterator[None]:
    """Show a spinner on standard error while the block runs, in a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A progress bar on standard error; outside a terminal, a status line every ten seconds."""
    if not sys.stderr.isatty():
        yield _status_lines(description)
        return
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    with rich_progress.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=None, visible=False)

        def report(done: int, total: int, label: str = "", /) -> None:
            text = f"{description}  {label}" if label else description
            bar.update(task, completed=done, total=total, visible=total > 0, description=text)

        yield report


def print_rationale(query: str, embeddings: Embeddings) -> None:
    """Print the query, the mode it was embedded in, and its rationale if there is one."""
    rationale = embeddings.rationales[0]
    fields = [("query", query), ("mode", describe_mode(embeddings))]
    if rationale is not None:
        fields += [("thinking", rationale.thinking), ("answer", rationale.answer)]
    for name, text in fields:
        print(f"{name:<9} {one_line(text)}")
    print()


def describe_mode(embeddings: Embeddings) -> str:
    """The mode of the first row in words: tokens, ending and gate probability where they apply."""
    rationale, probability = embeddings.rationales[0], float(embeddings.gate[0])
    is_gated = probability == probability  # noqa: PLR0124 - NaN: the gate was not evaluated
    gate = f"; gate {probability:.2f}" if is_gated else ""
    if embeddings.mode[0] is Mode.DIRECT or rationale is None:
        return f"direct{gate}"
    return f"thought, {embeddings.tokens[0]} tokens, {_ENDINGS[rationale.ending]}{gate}"


def print_hits(hits: Sequence[Hit], folder: Path) -> None:
    """Print one line per hit: rank, score, path."""
    width = len(str(len(hits)))
    for hit in hits:
        print(f"{hit.rank:>{width}}  {hit.score:.3f}  {folder / hit.document}")


def print_index_update(refreshed: "RefreshResult", folder: Path) -> None:
    """Print what a refresh changed in the index, and which files it skipped."""
    counts = {
        "embedded": refreshed.embedded,
        "moved or copied": refreshed.reused,
        "dropped": refreshed.dropped,
        "skipped": len(refreshed.skipped),
    }
    changes = ", ".join(f"{count} {change}" for change, count in counts.items() if count)
    print_status(f"{refreshed.pictures} pictures in {folder} ({changes or 'nothing new'})")
    print_skipped(refreshed.skipped)


def print_skipped(files: "Sequence[SkippedFile]") -> None:
    """Print the first skipped files with their reasons, and the number of the others."""
    for file in files[:_MAX_SKIPPED_LINES]:
        print_status(f"skipped {file.path}: {file.reason}")
    if len(files) > _MAX_SKIPPED_LINES:
        print_status(f"... and {len(files) - _MAX_SKIPPED_LINES} more")


def _status_lines(description: str) -> Progress:
    last_printed = time.monotonic()

    def report(done: int, total: int, label: str = "", /) -> None:
        nonlocal last_printed
        if time.monotonic() - last_printed >= _STATUS_INTERVAL_S:
            last_printed = time.monotonic()
            print_status(f"{description}: {done} of {total} {label}")

    return report
