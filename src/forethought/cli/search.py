"""`forethought search`: the pictures of a folder that fit a query."""

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forethought.cli import console, options
from forethought.errors import ConfigError, ContentError, DataError
from forethought.files import check_target
from forethought.types import Embeddings, Hit, Image, Side, Text, Think

if TYPE_CHECKING:
    from forethought.encoders import Encoder
    from forethought.index import RefreshResult


def search(
    query: Annotated[str, typer.Argument(help="What to look for; '' to ask with --image alone.")],
    folder: Annotated[Path, typer.Argument(help="The pictures, at any depth.")],
    *,
    think: options.ThinkOption = Think.AUTO,
    k: Annotated[int, typer.Option("-k", help="How many hits.")] = 10,
    image: Annotated[
        Path | None, typer.Option(help="Ask with this picture, beside the words or instead.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(help="Also draw the hits on a contact sheet, a PNG.")
    ] = None,
    model: options.Model = "nano",
    index: options.IndexFolder = None,
) -> None:
    """Find the pictures of a folder that fit a query.

    The first call embeds the pictures and keeps their vectors beside them; later calls
    embed only what is new or changed.
    """
    shown = _query(query, image)
    if k < 1:
        raise ConfigError(f"-k is {k}; ask for at least 1 hit")
    check_target(sheet)
    asked, hits, refreshed, encoder = _find(
        shown, folder, think=think, k=k, model=model, index=index
    )
    words = " + ".join(part for part in (query.strip(), str(image) if image else "") if part)
    if sheet is not None:
        from forethought.cli.contact_sheet import draw

        draw(sheet, folder, hits, title=words, lines=_captions(asked))
    if json:
        print(_written(words, asked, hits, refreshed=refreshed, encoder=encoder, folder=folder))
        return
    console.print_index_update(refreshed, folder)
    console.print_rationale(words, asked)
    console.print_hits(hits, folder)
    if sheet is not None:
        console.print_status(f"contact sheet: {sheet}")


def _query(query: str, image: Path | None) -> list[Text | Image]:
    if not query.strip() and image is None:
        raise ContentError(f"the query is empty ({query!r}); say what to look for, or pass --image")
    shown: list[Text | Image] = []
    if image is not None:
        shown.append(Image(image))
    if query.strip():
        shown.append(Text(query.strip()))
    return shown


def _find(
    shown: list[Text | Image],
    folder: Path,
    *,
    think: Think,
    k: int,
    model: str,
    index: Path | None,
) -> "tuple[Embeddings, list[Hit], RefreshResult, Encoder]":
    from forethought.index import FolderIndex, index_dir, list_pictures

    listing = list_pictures(folder)
    with console.spinner(f"loading {model}"):
        from forethought.encoders import load

        encoder = load(model)
        # Before the index is touched: a query that cannot be embedded changes nothing.
        asked = encoder.encode([shown], side=Side.QUERY, think=think)
    pictures = FolderIndex(folder, index_dir(folder, index), encoder)
    with console.progress_bar("embedding pictures") as progress:
        refreshed = pictures.refresh(listing, progress=progress)
    if not refreshed.pictures:
        console.print_skipped(refreshed.skipped)
        raise DataError(
            f"{folder}: none of its {len(refreshed.skipped)} pictures can be read; "
            "the reasons are above"
        )
    return asked, pictures.search(asked.vectors[0], k=k), refreshed, encoder


def _captions(asked: Embeddings) -> list[str]:
    rationale = asked.rationales[0]
    said = [rationale.thinking, rationale.answer] if rationale else []
    return [console.describe_mode(asked), *said]


def _written(
    query: str,
    asked: Embeddings,
    hits: list[Hit],
    *,
    refreshed: "RefreshResult",
    encoder: "Encoder",
    folder: Path,
) -> str:
    rationale, gate = asked.rationales[0], float(asked.gate[0])
    found = {
        "query": query,
        "model": encoder.name,
        "revision": encoder.revision,
        "mode": asked.mode[0].value,
        "tokens": int(asked.tokens[0]),
        "gate": gate if gate == gate else None,  # noqa: PLR0124 - NaN is no JSON
        "rationale": rationale
        and {
            "thinking": rationale.thinking,
            "answer": rationale.answer,
            "ending": rationale.ending.value,
        },
        "hits": [
            {"rank": hit.rank, "score": round(hit.score, 6), "path": str(folder / hit.document)}
            for hit in hits
        ],
        "index": {
            "pictures": refreshed.pictures,
            "embedded": refreshed.embedded,
            "reused": refreshed.reused,
            "dropped": refreshed.dropped,
            "skipped": [
                {"path": str(folder / file.path), "reason": file.reason}
                for file in refreshed.skipped
            ],
        },
    }
    return jsonlib.dumps(found, ensure_ascii=False, indent=2)
