"""`forethought embed`: write the vectors and rationales of any inputs to a file."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.cli.embed_batches import ContentList, encode_items
from forethought.cli.embed_inputs import invalid_inputs, read_inputs
from forethought.cli.embed_output import EncodedBatch, writer_for
from forethought.cli.load import load_encoder
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
        Path, typer.Option("--out", "-o", help="The file to write: .parquet or .npz.")
    ] = Path("embeddings.parquet"),
    side: Annotated[
        Side, typer.Option(help="Whether the inputs are queries or documents.")
    ] = Side.DOCUMENT,
    think: options.ThinkOption = Think.AUTO,
    model: options.ModelOption = "nano",
    engine: options.EngineOption = "local",
    instruction: options.InstructionOption = "",
    rationales: Annotated[
        Path | None,
        typer.Option(
            "--rationales",
            metavar="DIR",
            help="Reuse the rationales stored in this folder, and store new ones there.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip inputs that cannot be embedded.")
    ] = False,
) -> None:
    """Write the vector and the rationale of every input, in order.

    Columns: id, vector, mode, thinking, answer, ending, tokens.
    """
    write = writer_for(out)
    check_target(out)
    items = read_inputs(inputs)
    if items.errors and not skip_bad:
        raise invalid_inputs(items.errors)
    if not items.valid:
        raise DataError(f"{' '.join(inputs)}: nothing to embed; give at least one input")
    with console.spinner(f"loading {model}"):
        encoder = load_encoder(model, engine=engine)
    skipped = list(items.errors)
    encode_all, store = _with_store(encoder, rationales, think)

    def encode(contents: Sequence[ContentList]) -> Embeddings:
        return encode_all(contents, side=side, think=think, instruction=instruction or None)

    def on_error(message: str) -> None:
        if not skip_bad:
            raise invalid_inputs([message])
        skipped.append(message)

    metadata = _metadata(encoder, side=side, think=think, instruction=instruction)
    with console.progress_bar("embedding") as progress, atomic(out) as temporary:
        batches = encode_items(items.valid, encode, on_error=on_error, progress=progress)
        num_rows = write(temporary, _at_least_one(batches), metadata)
    for message in skipped:
        console.print_status(f"skipped {message}")
    if store is not None:
        console.print_status(_store_summary(store))
    count = f", {len(skipped)} skipped" if skipped else ""
    console.print_status(f"{out}: {num_rows} vectors of {encoder.dimension} dimensions{count}")


def _at_least_one(batches: Iterator[EncodedBatch]) -> Iterator[EncodedBatch]:
    """The same batches, or an error if there is none: a file needs a row to define its columns."""
    first = next(batches, None)
    if first is None:
        raise DataError("none of the inputs can be embedded; nothing is written")
    yield first
    yield from batches


def _with_store(
    encoder: "Encoder", folder: Path | None, think: Think
) -> "tuple[Callable[..., Embeddings], RationaleStore | None]":
    """The `encode` function to use, and the rationale store in `folder` that it uses, if any."""
    if folder is None:
        return encoder.encode, None
    from forethought.encoders import ReasoningEncoder
    from forethought.rationales import RationaleStore

    if think is Think.NEVER:
        raise ConfigError(
            f"--rationales {folder} with --think never: no rationale is generated or reused; "
            "leave one of the options out"
        )
    if not isinstance(encoder, ReasoningEncoder):
        raise ConfigError(
            f"--rationales {folder}: {encoder.name} writes no rationales; leave the option out, "
            "or embed with --model nano"
        )
    store = RationaleStore(folder)
    return partial(encoder.encode, rationales=store), store


def _store_summary(store: "RationaleStore") -> str:
    counts = store.counts
    again = f", {counts.unreadable} generated again" if counts.unreadable else ""
    return f"{store.folder}: {counts.hits} rationales reused, {counts.added} added{again}"


def _metadata(encoder: "Encoder", *, side: Side, think: Think, instruction: str) -> dict[str, str]:
    return {
        "model": encoder.name,
        "revision": encoder.revision,
        "side": side.value,
        "think": think.value,
        "instruction": instruction,
    }
