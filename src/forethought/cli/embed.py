"""`forethought embed`: write the vectors and rationales of any inputs to a file."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.cli.embed_batches import BATCH, CountingEncode, Skipped, encode_items
from forethought.cli.embed_inputs import InputItems, invalid_inputs, read_inputs
from forethought.cli.embed_output import EncodedBatch, writer_for
from forethought.cli.json_line import KEYS, InputItem
from forethought.cli.load import load_encoder, settings
from forethought.errors import ConfigError, DataError
from forethought.files import atomic, check_target
from forethought.types import ContentKind, Embeddings, Provenance, Side, Think

if TYPE_CHECKING:
    from forethought.encoders import Encoder
    from forethought.rationales import RationaleStore


def embed(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUT...",
            help="Pictures, videos, PDFs, folders of pictures, .jsonl files, or - for JSON Lines "
            f"on standard input, with the keys {', '.join(KEYS)}.",
        ),
    ],
    *,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            parser=options.parse_path,
            metavar="FILE",
            help="The file to write: .parquet or .npz.",
        ),
    ] = Path("embeddings.parquet"),
    side: Annotated[
        Side, typer.Option(help="Whether the inputs are queries or documents.")
    ] = Side.DOCUMENT,
    think: options.ThinkOption = Think.AUTO,
    model: options.ModelOption = "nano",
    engine: options.EngineOption = "local",
    instruction: options.InstructionOption = None,
    rationales: Annotated[
        Path | None,
        typer.Option(
            "--rationales",
            parser=options.parse_path,
            metavar="DIR",
            help="Reuse the rationales stored in this folder, and store new ones there.",
        ),
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Skip inputs that cannot be embedded.")
    ] = False,
    pages: Annotated[
        str, typer.Option(help="Pages of every PDF, as in 1-3 or 1,4,9-; by default all.")
    ] = "",
    fps: Annotated[float | None, typer.Option(help="Frames a second of every video.")] = None,
    frames: Annotated[
        int | None, typer.Option(help="Frames of every video, evenly spread.")
    ] = None,
    device: options.DeviceOption = "",
    batch_size: options.BatchSizeOption = BATCH,
    family: options.FamilyOption = "",
    dtype: options.DtypeOption = "",
) -> None:
    """Write the vector and the rationale of every input, in order.

    Columns: id, vector, mode, thinking, answer, ending, tokens.
    """
    write = writer_for(out)
    check_target(out)
    items = _valid_items(inputs, pages=pages, skip_bad=skip_bad)
    load = settings(device=device, family=family, dtype=dtype, fps=fps, frames=frames)
    _check_videos(items, fps=fps, frames=frames)
    with console.spinner(f"loading {model}"):
        encoder = load_encoder(model, engine=engine, **load)
    skipped = Skipped([*items.errors], skip_bad=skip_bad)
    encode_all, store = _with_store(encoder, rationales, think)
    encode = CountingEncode(encode_all, side, think, instruction, batch_size)

    provenance = _provenance(encoder, items.valid, side, think, instruction)
    try:
        with console.progress_bar("embedding") as progress, _naming(out), atomic(out) as temporary:
            batches = encode_items(
                items.valid,
                encode,
                side=side,
                on_error=skipped,
                progress=progress,
                batch_size=batch_size,
            )
            num_rows = write(temporary, _at_least_one(batches), _metadata(provenance, think))
    finally:
        # Also where none was left.
        for message in skipped.messages:
            console.print_status(f"skipped {message}")
    if store is not None:
        console.print_status(_store_summary(store))
        if not encode.num_thought:
            console.print_status(_why_nothing(encoder, side))
    count = f", {len(skipped.messages)} skipped" if skipped.messages else ""
    vectors = console.count_of(num_rows, "vector")
    kinds = console.describe_passed_over(items.passed_over)
    console.print_status(f"{out}: {vectors} of {encoder.dimension} dimensions{count}{kinds}")


def _valid_items(inputs: list[str], *, pages: str, skip_bad: bool) -> InputItems:
    items = read_inputs(inputs, pages=pages)
    if items.errors and not skip_bad:
        raise invalid_inputs(items.errors)
    if not items.valid:
        raise DataError(f"{' '.join(inputs)}: nothing to embed; give at least one input")
    return items


def _check_videos(items: InputItems, *, fps: float | None, frames: int | None) -> None:
    for name, value in (("fps", fps), ("frames", frames)):
        if value is not None and not items.has("video"):
            raise ConfigError(
                f"--{name} {value}: none of the inputs is a video; leave the option out"
            )


@contextmanager
def _naming(out: Path) -> Iterator[None]:
    """Name the output file in an error of the operating system that names none."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(out)) from error


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


def _why_nothing(encoder: "Encoder", side: Side) -> str:
    """Why no input was thought about, though rationales were asked for."""
    from forethought.encoders import ReasoningEncoder

    if isinstance(encoder, ReasoningEncoder) and encoder.gate is not None:
        why = f"the gate of {encoder.name} chose direct vectors for every input"
    else:
        why = f"{encoder.name} has no gate, and embeds directly on the {side} side"
    return f"no rationale was used or added: {why}; pass --think always to write one for each"


def _provenance(
    encoder: "Encoder",
    items: Sequence[InputItem],
    side: Side,
    think: Think,
    instruction: str | None,
) -> Provenance:
    """What the vectors are made by; an input's own instruction comes before the command's."""
    rest = {item.content_kind for item in items if item.instruction is None}
    kinds = [kind for kind in ContentKind if kind in rest]
    made = encoder.provenance(kinds, side=side, think=think, instruction=instruction)
    given = [item.instruction for item in items if item.instruction is not None]
    return replace(made, instructions=tuple(dict.fromkeys([*made.instructions, *given])))


def _metadata(provenance: Provenance, think: Think) -> dict[str, str]:
    return {
        "model": provenance.encoder,
        "revision": provenance.revision,
        "side": provenance.side.value,
        "think": think.value,
        "instructions": json.dumps(provenance.instructions, ensure_ascii=False),
        "settings": json.dumps(provenance.settings),
        "decoding": json.dumps(provenance.decoding),
    }
