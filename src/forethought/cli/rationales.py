"""`forethought rationales`: look at what was thought, correct it, carry it elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import console
from forethought.files import atomic, check_target

app = typer.Typer(
    no_args_is_help=True, help="What `forethought embed --rationales DIR` remembers: list, correct."
)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the rationales.")]
Key = Annotated[str, typer.Argument(help="A key, or as many of its first digits as no other has.")]
_SHOWN_DIGITS = 12


@app.command(name="list")
def list_(folder: Folder) -> None:
    """One line a rationale: key, tokens, whether it was edited, what it is of, its answer."""
    from forethought.rationales import RationaleStore

    store = RationaleStore.existing(folder)
    count = edits = 0
    for row in store:
        count, edits = count + 1, edits + bool(row.edited)
        mark = "edited" if row.edited else row.rationale.ending.value
        said = (
            f"{console.one_line(' + '.join(row.sources))}: {console.one_line(row.rationale.answer)}"
        )
        print(f"{row.key[:_SHOWN_DIGITS]}  {row.tokens:>5}  {mark:<9}  {said}")
    console.print_status(f"{count} rationales, {edits} edited")


@app.command(name="show")
def show_(key: Key, folder: Folder) -> None:
    """Everything that is known of one rationale."""
    from forethought.rationales import RationaleStore

    row = RationaleStore.existing(folder).find(key)
    told = [
        ("key", row.key),
        ("of", " + ".join(row.sources)),
        ("reasoner", row.reasoner),
        ("created", row.created),
        ("tokens", f"{row.tokens}, {row.rationale.ending.value}"),
        ("thinking", row.rationale.thinking),
        ("answer", row.rationale.answer),
    ]
    if row.original is not None:
        told += [
            ("edited", row.edited),
            ("was", f"{row.original.ending.value}"),
            ("thinking", row.original.thinking),
            ("answer", row.original.answer),
        ]
    for name, words in told:
        print(f"{name:<9} {console.one_line(words)}")


@app.command()
def edit(
    key: Key,
    folder: Folder,
    *,
    thinking: Annotated[str | None, typer.Option(help="What to think instead.")] = None,
    answer: Annotated[str | None, typer.Option(help="What to answer instead.")] = None,
) -> None:
    """Correct a rationale; the next `forethought embed` reads the corrected words.

    What the model wrote is kept beside it.
    """
    from forethought.rationales import RationaleStore

    row = RationaleStore.existing(folder).edit(key, thinking=thinking, answer=answer)
    console.print_status(f"{row.key[:_SHOWN_DIGITS]} edited; embed its input again to use it")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Where to write.")],
    folder: Folder,
) -> None:
    """Write every rationale as one line of JSON, edits with their originals."""
    from forethought.rationales import RationaleStore, to_line

    store = RationaleStore.existing(folder)
    check_target(file)
    count = 0
    with atomic(file) as scratch, scratch.open("w", encoding="utf-8", newline="\n") as out:
        for row in store:
            out.write(f"{to_line(row)}\n")
            count += 1
    console.print_status(f"{file}: {count} rationales")


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="What `export` wrote.")],
    folder: Folder,
) -> None:
    """Take in exported rationales; DIR is made where it is missing.

    Of a key that is there already the later edit wins, and words that were changed in the file
    are recorded as an edit.
    """
    from forethought.rationales import RationaleStore, read_lines

    rows = read_lines(file)
    merged = RationaleStore(folder).merge(rows)
    console.print_status(
        f"{folder}: {merged.added} added, {merged.edited} edited, {merged.kept} left as they were"
    )
