"""`forethought embed`: vectors and rationales of anything, as a file."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.cli.embed_batches import Contents, encode_items
from forethought.cli.embed_inputs import read_items, refuse
from forethought.cli.embed_output import Part, writer_for
from forethought.errors import ConfigError, DataError
from forethought.files import atomic, check_target
from forethought.types import Embeddings, Side, Think

if TYPE_CHECKING:
    from forethought.encoders import Encoder
    from forethought.rationales import RationaleStore


def embed(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Pictures, videos, PDFs, folders of pictures, .jsonl files, or - for JSON Lines "
            'on standard input: {"id": ..., "text": ..., "image": path}.',
        ),
    ],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Where to write: .parquet or .npz.")
    ] = Path("embeddings.parquet"),
    side: Annotated[
        Side, typer.Option(help="What the inputs are: asked for, or asking.")
    ] = Side.DOCUMENT,
    think: options.ThinkOption = Think.AUTO,
    model: options.Model = "nano",
    engine: options.EngineOption = "local",
    instruction: options.Instruction = "",
    rationales: Annotated[
        Path | None,
        typer.Option(
            "--rationales",
            metavar="DIR",
            help="Remember what is thought here, and think only about what is new.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Pass over inputs that cannot be used.")
    ] = False,
) -> None:
    """Write the vector and the rationale of every input, in order.

    Columns: id, vector, mode, thinking, answer, ending, tokens.
    """
    write = writer_for(out)
    check_target(out)
    items = read_items(inputs)
    if items.bad and not skip_bad:
        raise refuse(items.bad)
    if not items.good:
        raise DataError(f"{' '.join(inputs)}: nothing in it to embed; give it at least one input")
    with console.spinner(f"loading {model}"):
        from forethought.encoders import load

        encoder = load(model, engine=engine)
    bad = list(items.bad)
    encode_all, store = _remembering(encoder, rationales, think)

    def encode(contents: Sequence[Contents]) -> Embeddings:
        return encode_all(contents, side=side, think=think, instruction=instruction or None)

    def skip(reason: str) -> None:
        if not skip_bad:
            raise refuse([reason])
        bad.append(reason)

    about = _about(encoder, side=side, think=think, instruction=instruction)
    with console.progress_bar("embedding") as progress, atomic(out) as scratch:
        parts = encode_items(items.good, encode, refuse=skip, progress=progress)
        rows = write(scratch, _some(parts), about)
    for reason in bad:
        console.print_status(f"skipped {reason}")
    if store is not None:
        console.print_status(_remembered(store))
    skipped = f", {len(bad)} skipped" if bad else ""
    console.print_status(f"{out}: {rows} vectors of {encoder.dimension} dimensions{skipped}")


def _some(parts: Iterator[Part]) -> Iterator[Part]:
    """The same parts, but at least one: a file without rows would say nothing."""
    first = next(parts, None)
    if first is None:
        raise DataError("none of the inputs can be embedded; nothing is written")
    yield first
    yield from parts


def _remembering(
    encoder: "Encoder", folder: Path | None, think: Think
) -> "tuple[Callable[..., Embeddings], RationaleStore | None]":
    """How to encode, and the store that does it with, if one is asked for."""
    if folder is None:
        return encoder.encode, None
    from forethought.encoders import ReasoningEncoder
    from forethought.rationales import RationaleStore

    if think is Think.NEVER:
        raise ConfigError(
            f"--rationales {folder} with --think never: nothing is thought, so nothing is "
            "remembered; leave one of them out"
        )
    if not isinstance(encoder, ReasoningEncoder):
        raise ConfigError(
            f"--rationales {folder}: {encoder.name} writes no rationales; leave the option out, "
            "or embed with --model nano"
        )
    store = RationaleStore(folder)
    return partial(encoder.encode, rationales=store), store


def _remembered(store: "RationaleStore") -> str:
    """How much thinking the store saved."""
    counts = store.counts
    unread = f", {counts.unreadable} thought of again" if counts.unreadable else ""
    return f"{store.folder}: {counts.recalled} rationales recalled, {counts.added} added{unread}"


def _about(encoder: "Encoder", *, side: Side, think: Think, instruction: str) -> dict[str, str]:
    return {
        "model": encoder.name,
        "revision": encoder.revision,
        "side": side.value,
        "think": think.value,
        "instruction": instruction,
    }
