"""What the terminal shows: words made safe, progress, hits, and what was passed over."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from forethought.types import Embeddings, Ending, Hit, Mode

if TYPE_CHECKING:
    from forethought.index import Refreshed, Unreadable

_SHOWN_SKIPPED = 10
_QUIET_S = 10.0
_ENDINGS = {
    Ending.EMBED: "ended by itself",
    Ending.LENGTH: "cut off at its budget",
    Ending.MALFORMED: "malformed",
    Ending.LOOP: "stopped for repeating itself",
    Ending.EARLY_EXIT: "stopped as its vector no longer moved",
}


@runtime_checkable
class Tell(Protocol):
    """Takes how much is done, how much there is to do, and a word about it."""

    def __call__(self, done: int, total: int, words: str = "", /) -> None:
        """Show it."""
        ...


def plain(words: str) -> str:
    """Words on one line, without the control characters a terminal would obey."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def note(words: str) -> None:
    """Say something about the work, beside the result."""
    print(plain(words), file=sys.stderr, flush=True)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Show that something takes its time, where somebody looks on."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """A bar in a terminal; elsewhere a line now and then, and none if it is quick."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)

        def tell(done: int, total: int, words: str = "", /) -> None:
            said = f"{what}  {words}" if words else what
            bar.update(task, completed=done, total=total, visible=total > 0, description=said)

        yield tell


def print_rationale(query: str, asked: Embeddings) -> None:
    """What was asked, and what the model thought of it."""
    rationale = asked.rationales[0]
    lines = [("query", query), ("mode", mode_of(asked))]
    if rationale is not None:
        lines += [("thinking", rationale.thinking), ("answer", rationale.answer)]
    for name, words in lines:
        print(f"{name:<9} {plain(words)}")
    print()


def mode_of(asked: Embeddings) -> str:
    """Which road the first input took, and why."""
    rationale, chance = asked.rationales[0], float(asked.gate[0])
    gate = "" if chance != chance else f"; gate {chance:.2f}"  # noqa: PLR0124 - NaN: none was asked
    if asked.mode[0] is Mode.DIRECT or rationale is None:
        return f"direct{gate}"
    return f"thought, {asked.tokens[0]} tokens, {_ENDINGS[rationale.ending]}{gate}"


def print_hits(hits: Sequence[Hit], folder: Path) -> None:
    """One line a hit: rank, score, path."""
    width = len(str(len(hits)))
    for hit in hits:
        print(f"{hit.rank:>{width}}  {hit.score:.3f}  {folder / hit.document}")


def note_refreshed(refreshed: "Refreshed", folder: Path) -> None:
    """What the index holds now, and what it had to leave out."""
    counts = {
        "embedded": refreshed.embedded,
        "moved or copied": refreshed.reused,
        "dropped": refreshed.dropped,
        "skipped": len(refreshed.unreadable),
    }
    said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    note(f"{refreshed.pictures} pictures in {folder} ({said or 'nothing new'})")
    note_skipped(refreshed.unreadable)


def note_skipped(files: "Sequence[Unreadable]") -> None:
    """Name the files that could not be read, the first ones of many."""
    for file in files[:_SHOWN_SKIPPED]:
        note(f"skipped {file.path}: {file.reason}")
    if len(files) > _SHOWN_SKIPPED:
        note(f"... and {len(files) - _SHOWN_SKIPPED} more")


def _lines(what: str) -> Tell:
    said = time.monotonic()

    def tell(done: int, total: int, words: str = "", /) -> None:
        nonlocal said
        if time.monotonic() - said >= _QUIET_S:
            said = time.monotonic()
            note(f"{what}: {done} of {total} {words}")

    return tell
