"""`forethought search`: the pictures of a folder that match a query."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.cli.load import load_encoder, settings
from forethought.cli.packages import require
from forethought.errors import ConfigError, ContentError, DataError
from forethought.files import check_target
from forethought.types import (
    VIDEO_SUFFIXES,
    Embeddings,
    Hit,
    Image,
    Mode,
    Provenance,
    Side,
    Text,
    Think,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from forethought.encoders import Encoder
    from forethought.index import Contract, RefreshResult


@dataclass(frozen=True, slots=True, eq=False)
class _SearchResult:
    """The embedded query, its hits, what changed in the index before, and its contract."""

    query: Embeddings
    hits: list[Hit]
    refreshed: "RefreshResult"
    contract: "Contract"


def search(
    query: Annotated[str, typer.Argument(help="The text to search for; '' with --image alone.")],
    folder: Annotated[
        Path,
        typer.Argument(
            parser=options.parse_path,
            metavar="FOLDER",
            help="The folder of pictures, with its subfolders.",
        ),
    ],
    *,
    think: options.ThinkOption = Think.AUTO,
    think_documents: Annotated[
        Think, typer.Option(help="Whether pictures get a rationale; each choice has its own index.")
    ] = Think.NEVER,
    k: Annotated[int, typer.Option("-k", help="Number of hits.")] = 10,
    image: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="FILE",
            help="Search with this picture, with or without text.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    sheet: Annotated[
        Path | None,
        typer.Option(
            parser=options.parse_path,
            metavar="FILE",
            help="Also draw the hits on a contact sheet, a PNG outside of FOLDER.",
        ),
    ] = None,
    model: options.ModelOption = "nano",
    index: options.IndexOption = None,
    device: options.DeviceOption = "",
    batch_size: options.BatchSizeOption = 64,
    family: options.FamilyOption = "",
    dtype: options.DtypeOption = "",
) -> None:
    """Find the pictures of a folder that match a query.

    The first call embeds the pictures and stores their vectors in the folder; later calls
    embed only new and changed pictures.
    """
    content = _query_content(query, image)
    if k < 1:
        raise ConfigError(f"-k is {k}; ask for at least 1 hit")
    check_target(sheet)
    _check_sheet(sheet, folder)
    load = partial(load_encoder, model, **settings(device=device, family=family, dtype=dtype))
    result = _search(
        content,
        folder,
        load,
        think=think,
        think_documents=think_documents,
        k=k,
        model=model,
        index=index,
        batch_size=batch_size,
    )
    title = " + ".join(part for part in (query.strip(), str(image) if image else "") if part)
    if sheet is not None:
        from forethought.cli.contact_sheet import draw_contact_sheet

        lines = _caption(result.query)
        draw_contact_sheet(sheet, folder, result.hits, title=title, lines=lines)
    if json:
        console.print_json(_to_json(title, result, folder))
        return
    console.print_index_update(result.refreshed, folder)
    console.print_rationale(title, result.query)
    console.print_hits(result.hits, folder)
    if sheet is not None:
        console.print_status(f"contact sheet: {sheet}")


def _query_content(query: str, image: Path | None) -> list[Text | Image]:
    if not query.strip() and image is None:
        raise ContentError(f"the query is empty ({query!r}); give a text, or pass --image")
    content: list[Text | Image] = []
    if image is not None:
        _check_picture(image)
        content.append(Image(image))
    if query.strip():
        content.append(Text(query.strip()))
    return content


def _check_picture(image: Path) -> None:
    """Refuse a video or a PDF by its suffix."""
    suffix = image.suffix.lower()
    if suffix == ".pdf" or suffix in VIDEO_SUFFIXES:
        what, part = ("PDF", "page") if suffix == ".pdf" else ("video", "frame")
        raise ConfigError(
            f"--image {image}: a {what}, and a search takes a picture; save a {part} of it as PNG"
        )


def _check_sheet(sheet: Path | None, folder: Path) -> None:
    """Refuse a contact sheet of another format, or that the next search of the folder would find."""
    if sheet is None:
        return
    if sheet.suffix.lower() != ".png":
        raise ConfigError(f"--sheet {sheet}: a contact sheet is a PNG; end its name in .png")
    root, target = folder.resolve(), sheet.resolve()
    if target.is_relative_to(root):
        parts = target.relative_to(root).parts
        if not any(part.startswith(".") for part in parts):
            raise ConfigError(
                f"--sheet {sheet} is in {folder}, where the next search would find it as a "
                "picture; name a file outside of that folder"
            )


def _search(
    content: list[Text | Image],
    folder: Path,
    load: "Callable[[], Encoder]",
    *,
    think: Think,
    think_documents: Think,
    k: int,
    model: str,
    index: Path | None,
    batch_size: int,
) -> _SearchResult:
    from forethought.index import FolderIndex, check_folder, has_snapshot, index_dir

    directory = index_dir(folder, index)
    if not has_snapshot(directory):
        require("lancedb", "pyarrow")
    check_folder(folder)
    with console.spinner(f"loading {model}"):
        encoder = load()
        # Before the index: a query that cannot be embedded must not change it.
        embeddings = encoder.encode([content], side=Side.QUERY, think=think)
        pictures = FolderIndex(
            folder, directory, encoder, think=think_documents, batch_size=batch_size
        )
        pictures.check_query(embeddings)
    with console.progress_bar("embedding pictures") as progress:
        refreshed = pictures.refresh(progress=progress)
    if not refreshed.pictures:
        console.print_skipped(refreshed.skipped)
        raise DataError(
            f"{folder}: none of its {len(refreshed.skipped)} pictures can be read; "
            "the reasons are above"
        )
    hits = pictures.search(embeddings, k=k)
    return _SearchResult(embeddings, hits, refreshed, pictures.contract)


def _caption(query: Embeddings) -> list[str]:
    rationale = query.rationales[0]
    texts = [rationale.thinking, rationale.answer] if rationale else []
    return [console.describe_mode(query), *texts]


def _to_json(title: str, result: _SearchResult, folder: Path) -> dict[str, object]:
    query, refreshed = result.query, result.refreshed
    rationale, gate = query.rationales[0], float(query.gate[0])
    return {
        "query": title,
        "model": result.contract.documents.encoder,
        "revision": result.contract.documents.revision,
        "mode": query.mode[0].value,
        "tokens": int(query.tokens[0]),
        "gate": gate if gate == gate else None,  # noqa: PLR0124 - JSON has no NaN
        "rationale": rationale
        and {
            "thinking": rationale.thinking,
            "answer": rationale.answer,
            "ending": rationale.ending.value,
        },
        "made": {
            "query": _made(query.provenance, query.mode),
            "documents": {
                **_made(result.contract.documents, sorted(result.contract.modes)),
                "think": result.contract.think.value,
            },
        },
        "hits": [
            {"rank": hit.rank, "score": round(hit.score, 6), "path": str(folder / hit.document)}
            for hit in result.hits
        ],
        "index": {
            "pictures": refreshed.pictures,
            "embedded": refreshed.embedded,
            "reused": refreshed.reused,
            "dropped": refreshed.dropped,
            "passed_over": refreshed.passed_over,
            "skipped": [
                {"path": str(folder / file.path), "reason": file.reason}
                for file in refreshed.skipped
            ],
        },
    }


def _made(provenance: Provenance | None, modes: Iterable[Mode]) -> dict[str, object]:
    """What vectors were made by, as JSON."""
    fields = asdict(provenance) if provenance else {}
    names = ("side", "instructions", "settings", "decoding")
    return {"modes": list(modes), **{name: fields[name] for name in names if name in fields}}
