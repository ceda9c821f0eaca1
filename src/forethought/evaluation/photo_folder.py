"""A folder of pictures with captions: each caption is the query for its pictures among all of them.

The caption of `dog.png` is the first line with words of `dog.txt` beside it, in UTF-8. Pictures
that share a caption are all relevant to it; pictures without one are ranked and never asked for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from forethought.errors import DataError
from forethought.evaluation.annotations import evenly_spaced, files_revision
from forethought.evaluation.benchmark import EvalItem, EvalTask
from forethought.evaluation.metrics import METRICS, Metric, hit_at
from forethought.index import Listing, describe_kinds, list_pictures
from forethought.types import Content, Image, Message, Side, Text

TASK = "captions"
QUERY_INSTRUCTION = "Find the picture these words describe."
DOCUMENT_INSTRUCTION = "Picture."

_MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class PhotoFolder:
    """Captions as queries over the pictures of a folder, which are opened from their files."""

    tasks: tuple[EvalTask, ...]
    folder: Path
    revision: str
    max_queries: int | None
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        return "photos"

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return {
            "hit@1": METRICS["hit@1"],
            "hit@10": partial(hit_at, k=10),
            "ndcg@5": METRICS["ndcg@5"],
        }

    def message(self, item: EvalItem, side: Side) -> Message:
        """The picture of a document, or the caption of a query."""
        content: list[Content] = [Image(self.folder / name, source=name) for name in item.media]
        if item.text:
            content.append(Text(item.text))
        return Message(tuple(content), item.instruction, side)


def read_photos(folder: str | Path, *, max_queries: int | None = None) -> PhotoFolder:
    """Read the captions of a folder and its subfolders, or at most so many, evenly spaced.

    Raises:
        DataError: if there is no such folder, no picture in it, no caption beside any picture, or
            a caption cannot be read as UTF-8.
    """
    folder = Path(folder)
    listing = list_pictures(folder)
    names = [picture.path for picture in listing.pictures]
    captions = [read_caption(_caption_file(folder / name)) for name in names]
    queries = list(dict.fromkeys(caption for caption in captions if caption))
    _check_queries(folder, listing, queries)
    queries = evenly_spaced(queries, max_queries)
    task = EvalTask(
        name=TASK,
        split=folder.resolve().name,
        queries=tuple(EvalItem(QUERY_INSTRUCTION, caption) for caption in queries),
        documents=tuple(EvalItem(DOCUMENT_INSTRUCTION, media=(name,)) for name in names),
        relevance=tuple(_relevance(captions, queries)),
    )
    files = [path for name in names for path in (folder / name, _caption_file(folder / name))]
    return PhotoFolder(
        tasks=(task,),
        folder=folder,
        revision=files_revision(path for path in files if path.is_file()),
        max_queries=max_queries,
        notes=_notes(listing, captions),
    )


def read_caption(path: Path) -> str:
    """The first line with words, its spaces made single; "" if there is no such file or line.

    Raises:
        DataError: if the file cannot be read, or is not UTF-8.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: byte {error.start} is not UTF-8; save the caption as UTF-8"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; make it a file that can be read") from None
    return next((" ".join(line.split()) for line in text.splitlines() if line.strip()), "")


def _check_queries(folder: Path, listing: Listing, queries: Sequence[str]) -> None:
    if not listing.pictures:
        first = listing.skipped[0]
        raise DataError(f"{folder}: no picture can be read; {first.path}: {first.reason}")
    if not queries:
        name = listing.pictures[0].path
        raise DataError(
            f"{folder}: none of the {len(listing.pictures)} pictures has a caption; describe "
            f"{name} in {_caption_file(Path(name))}, and the others likewise"
        )


def _caption_file(picture: Path) -> Path:
    return picture.with_suffix(".txt")


def _relevance(captions: Sequence[str], queries: Sequence[str]) -> list[dict[int, float]]:
    """The grade of every picture of each caption."""
    rows: dict[str, dict[int, float]] = {caption: {} for caption in queries}
    for index, caption in enumerate(captions):
        if caption in rows:
            rows[caption][index] = 1.0
    return list(rows.values())


def _notes(listing: Listing, captions: Sequence[str]) -> tuple[str, ...]:
    names = [picture.path for picture in listing.pictures]
    uncaptioned = [name for name, caption in zip(names, captions, strict=True) if not caption]
    unread = [file.path for file in listing.skipped]
    notes = [f"{len(names)} pictures are ranked"]
    if uncaptioned:
        notes.append(f"{len(uncaptioned)} of them have no caption: {_named(uncaptioned)}")
    if unread:
        notes.append(f"{len(unread)} files cannot be read: {_named(unread)}")
    # Captions are texts.
    others = {kind: count for kind, count in listing.passed_over.items() if kind != "text"}
    if others:
        notes.append(f"left out: {describe_kinds(others)}")
    return tuple(notes)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMED} more" if len(names) > _MAX_NAMED else ""
    return ", ".join(names[:_MAX_NAMED]) + more
