"""What the commands print: results on standard output, progress and status on standard error."""

import json
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.types import Embeddings, Ending, Hit, Mode, Progress

if TYPE_CHECKING:
    from rich.console import RenderableType

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


def escape(text: object) -> str:
    """Text that a terminal prints as it is: other characters, such as controls, as escapes."""
    return "".join(c if c.isprintable() else _escaped(c) for c in str(text))


def print_json(content: object) -> None:
    """Print JSON with escapes for what the output cannot encode or a terminal would obey."""
    encoding = sys.stdout.encoding or "ascii"
    text = json.dumps(content, ensure_ascii=not encoding.lower().startswith("utf"), indent=2)
    print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


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
    from rich.markup import escape as rich_escape

    # Markup: a name in brackets would be a style.
    with Console(stderr=True).status(rich_escape(one_line(text))):
        yield


@contextmanager
def progress_bar(description: str) -> Iterator[Progress]:
    """A progress bar on standard error; outside a terminal, a status line every ten seconds."""
    if not sys.stderr.isatty():
        yield _status_lines(description)
        return
    from rich import progress as rich_progress
    from rich.console import Console
    from rich.text import Text

    columns = (
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.MofNCompleteColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    label_line = Text(no_wrap=True, overflow="ellipsis", style="dim")

    class LabelledProgress(rich_progress.Progress):
        """The bar, and the last label on a line below it, as far as the terminal is wide."""

        def get_renderables(self) -> "Iterator[RenderableType]":
            yield self.make_tasks_table(self.tasks)
            if label_line:
                yield label_line

    # The time left is estimated from the steps of a period, and one may take minutes.
    with LabelledProgress(
        *columns, console=Console(stderr=True), transient=True, speed_estimate_period=1800
    ) as bar:
        task = bar.add_task(description, total=None, visible=False)

        def report(done: int, total: int, label: str = "", /) -> None:
            label_line.plain = one_line(label)
            bar.update(task, completed=done, total=total, visible=total > 0)

        yield report


@contextmanager
def announced_progress(part: str) -> Iterator[Progress]:
    """A status line that stays, and the progress of what it announces."""
    print_status(part)
    with progress_bar(part) as progress:
        yield progress


def print_rationale(query: str, embeddings: Embeddings) -> None:
    """Print the query, the mode it was embedded in, and its rationale if there is one."""
    rationale = embeddings.rationales[0]
    fields = [("query", query), ("mode", describe_mode(embeddings))]
    if rationale is not None:
        fields += [("thinking", rationale.thinking), ("answer", rationale.answer)]
    for name, text in fields:
        # RGE writes no answer, and a rationale that was cut off has none.
        if text:
            print(_wrapped(f"{name:<9} {one_line(text)}", indent=10))
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
    scores = [f"{hit.score:.3f}" for hit in hits]
    score_width = max(map(len, scores), default=0)
    for hit, score in zip(hits, scores, strict=True):
        print(f"{hit.rank:>{width}}  {score:>{score_width}}  {escape(folder / hit.document)}")


def print_index_update(refreshed: "RefreshResult", folder: Path) -> None:
    """Print what a refresh changed in the index, and which files it skipped."""
    counts = {
        "embedded": refreshed.embedded,
        "moved or copied": refreshed.reused,
        "dropped": refreshed.dropped,
        "skipped": len(refreshed.skipped),
    }
    changes = ", ".join(f"{count} {change}" for change, count in counts.items() if count)
    pictures = count_of(refreshed.pictures, "picture")
    kinds = describe_passed_over(refreshed.passed_over)
    print_status(f"{pictures} in {folder} ({changes or 'nothing new'}){kinds}")
    print_skipped(refreshed.skipped)


def count_of(count: int, noun: str) -> str:
    """A number with its noun, as in "1 vector" and "2 vectors"."""
    return f"{count} {noun}{'s' * (count != 1)}"


def describe_passed_over(counts: dict[str, int]) -> str:
    """The files of other kinds in a folder, to follow a line; empty if there are none."""
    from forethought.index import describe_kinds

    return f"; passed over: {describe_kinds(counts)}" if counts else ""


def print_skipped(files: "Sequence[SkippedFile]") -> None:
    """Print the first skipped files with their reasons, and the number of the others."""
    for file in files[:_MAX_SKIPPED_LINES]:
        print_status(f"skipped {file.path}: {file.reason}")
    if len(files) > _MAX_SKIPPED_LINES:
        print_status(f"... and {len(files) - _MAX_SKIPPED_LINES} more")


def _wrapped(line: str, *, indent: int) -> str:
    """A line broken between words where a terminal is narrower; unbroken outside one."""
    if not sys.stdout.isatty():
        return line
    width = max(shutil.get_terminal_size().columns, 2 * indent)
    return textwrap.fill(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def _status_lines(description: str) -> Progress:
    last_printed = time.monotonic()
    first: tuple[int, float] | None = None

    def report(done: int, total: int, label: str = "", /) -> None:
        nonlocal first, last_printed
        now = time.monotonic()
        first = first or (done, now)
        if now - last_printed >= _STATUS_INTERVAL_S:
            last_printed = now
            left = _time_left(done - first[0], now - first[1], total - done)
            print_status(f"{description}: {done} of {total} {label}{left}")

    return report


def _time_left(steps: int, seconds: float, left: int) -> str:
    """How long the steps that are left take, as long each as those before; to follow a line."""
    if steps < 1 or left < 1:
        return ""
    minutes, rest = divmod(round(seconds / steps * left), 60)
    hours, minutes = divmod(minutes, 60)
    return f"; {hours}:{minutes:02}:{rest:02} left"
