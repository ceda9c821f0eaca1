"""`forethought rationales`: list, edit, export and import stored rationales."""

from pathlib import Path
from typing import Annotated

import typer

from forethought.cli import console, options
from forethought.errors import ConfigError
from forethought.files import atomic, check_target

app = typer.Typer(
    no_args_is_help=True,
    help="List, edit, export and import the rationales of `forethought embed --rationales DIR`.",
)

FolderArgument = Annotated[
    Path,
    typer.Argument(
        parser=options.parse_path, metavar="DIR", help="The folder of the stored rationales."
    ),
]
KeyArgument = Annotated[str, typer.Argument(help="A key, or a prefix that no other key has.")]
_PREFIX_LENGTH = 12


@app.command(name="list", epilog="Example: forethought rationales list store")
def list_(folder: FolderArgument) -> None:
    """Print one line per rationale: key, tokens, ending or `edited`, inputs, answer."""
    from forethought.rationales import RationaleStore

    store = RationaleStore.existing(folder)
    count = num_edited = 0
    for row in store:
        count, num_edited = count + 1, num_edited + bool(row.edited)
        state = "edited" if row.edited else row.rationale.ending.value
        sources = console.one_line(" + ".join(row.sources))
        answer = console.one_line(row.rationale.answer)
        print(f"{row.key[:_PREFIX_LENGTH]}  {row.tokens:>5}  {state:<9}  {sources}: {answer}")
    console.print_status(f"{console.count_of(count, 'rationale')}, {num_edited} edited")


@app.command(epilog="Example: forethought rationales show 3f9a store")
def show(key: KeyArgument, folder: FolderArgument) -> None:
    """Print every field of one rationale."""
    from forethought.rationales import RationaleStore

    _check_order(key, folder, "show KEY DIR")
    row = RationaleStore.existing(folder).find(key)
    fields = [
        ("key", row.key),
        ("of", " + ".join(row.sources)),
        ("reasoner", row.reasoner),
        ("created", row.created),
        ("tokens", f"{row.tokens}, {row.rationale.ending.value}"),
        ("thinking", row.rationale.thinking),
        ("answer", row.rationale.answer),
    ]
    if row.original is not None:
        fields += [
            ("edited", row.edited),
            ("was", f"{row.original.ending.value}"),
            ("thinking", row.original.thinking),
            ("answer", row.original.answer),
        ]
    for name, text in fields:
        print(f"{name:<9} {console.one_line(text)}")


@app.command(epilog="Example: forethought rationales edit 3f9a store --answer '9:10'")
def edit(
    key: KeyArgument,
    folder: FolderArgument,
    *,
    thinking: Annotated[str | None, typer.Option(help="The new thinking.")] = None,
    answer: Annotated[str | None, typer.Option(help="The new answer.")] = None,
) -> None:
    """Replace the text of a rationale; the next `forethought embed` uses the new text.

    The original text is stored with it.
    """
    from forethought.rationales import RationaleStore

    _check_order(key, folder, "edit KEY DIR")
    row = RationaleStore.existing(folder).edit(key, thinking=thinking, answer=answer)
    console.print_status(f"{row.key[:_PREFIX_LENGTH]} edited; embed its input again to use it")


@app.command(epilog="Example: forethought rationales export rows.jsonl store")
def export(
    file: Annotated[
        Path,
        typer.Argument(parser=options.parse_path, metavar="FILE.jsonl", help="The file to write."),
    ],
    folder: FolderArgument,
) -> None:
    """Write every rationale as one line of JSON, edited ones with their original text."""
    from forethought.rationales import RationaleStore, to_line

    _check_order(file, folder, "export FILE.jsonl DIR")
    store = RationaleStore.existing(folder)
    check_target(file)
    count = 0
    with atomic(file) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        for row in store:
            out.write(f"{to_line(row)}\n")
            count += 1
    console.print_status(f"{file}: {console.count_of(count, 'rationale')}")


@app.command(name="import", epilog="Example: forethought rationales import rows.jsonl store")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            parser=options.parse_path, metavar="FILE.jsonl", help="A file that export wrote."
        ),
    ],
    folder: FolderArgument,
) -> None:
    """Add exported rationales; DIR is created if it is missing.

    If a key is stored already, the later edit is used, and text that was changed in the file
    becomes an edit.
    """
    from forethought.rationales import RationaleStore, read_lines

    _check_order(file, folder, "import FILE.jsonl DIR")
    # Before the store: a file that cannot be read must not leave an empty one.
    rows = read_lines(file)
    merged = RationaleStore(folder).merge(rows)
    console.print_status(
        f"{folder}: {merged.added} added, {merged.edited} edited, {merged.unchanged} unchanged"
    )


def _check_order(first: str | Path, folder: Path, usage: str) -> None:
    """Refuse arguments that were swapped: the first is a folder, and the second is none."""
    if Path(first).is_dir() and not folder.is_dir():
        raise ConfigError(
            f"{first} is a folder, and {folder} is none; the folder comes last: "
            f"forethought rationales {usage}"
        )
