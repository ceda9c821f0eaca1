"""The image tasks of MMEB from a local folder: each query ranks candidates of its own.

Reads the annotations as the hub holds them with instructions apart from texts
(`MMEB_Test_Instruct`), beside the unpacked images:

    A-OKVQA/test-00000-of-00001.parquet     a folder for each task, a row for each query
    image-tasks/A-OKVQA/...                 images, at the paths that the rows name

A row holds the strings `qry_inst`, `qry_text`, `qry_img_path` and `tgt_inst`, and of its
candidates the lists `tgt_text` and `tgt_img_path`; the first candidate is the relevant one. An
empty text or path means that there is none. MMEB's videos and visual documents have other layouts.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from forethought.errors import DataError
from forethought.evaluation.annotations import (
    evenly_spaced,
    files_revision,
    read_rows,
    select_tasks,
)
from forethought.evaluation.benchmark import EvalItem, EvalTask
from forethought.evaluation.metrics import METRICS, Metric
from forethought.types import Content, Image, Message, Side, Text

COLUMNS = ("qry_inst", "qry_text", "qry_img_path", "tgt_inst", "tgt_text", "tgt_img_path")
IMAGES = "image-tasks"
SPLIT = "test"

_PLACEHOLDER = "<|image_1|>"
"""Where the first baselines put the image into an instruction; renderers place images."""
_SHARD = re.compile(rf"{SPLIT}-\d+-of-(\d+)\.parquet")


@dataclass(frozen=True, slots=True)
class MmebFolder:
    """MMEB's image tasks, scored by hit@1; images are opened from their files."""

    tasks: tuple[EvalTask, ...]
    images: Path
    revision: str
    max_queries: int | None

    @property
    def title(self) -> str:
        return "MMEB image tasks"

    @property
    def notes(self) -> tuple[str, ...]:
        return ("each query ranks its own candidates",)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return {"hit@1": METRICS["hit@1"]}

    def message(self, item: EvalItem, side: Side) -> Message:
        """The image of an item, then its text."""
        content: list[Content] = [Image(self.images / name, source=name) for name in item.media]
        if item.text:
            content.append(Text(item.text))
        return Message(tuple(content), item.instruction, side)


def read_mmeb(
    folder: str | Path, *, tasks: Collection[str] = (), max_queries: int | None = None
) -> MmebFolder:
    """Read all tasks of a folder, or some of them, or at most so many queries of each.

    A capped task keeps evenly spaced queries, and each of them all of its candidates.

    Raises:
        DataError: if a file, shard, column, image or task is missing, a row has no candidates,
            a candidate twice or lists of unequal length, or an item has no content.
    """
    folder = Path(folder)
    shards = _shards(folder)
    images = folder / IMAGES
    found = []
    for name in select_tasks(shards, tasks):
        rows = [row for path in shards[name] for row in read_rows(path, COLUMNS)]
        task = _task(name, evenly_spaced(rows, max_queries))
        _check_images(images, task)
        found.append(task)
    revision = files_revision(path for name in sorted(shards) for path in shards[name])
    return MmebFolder(tuple(found), images, revision, max_queries)


def _shards(folder: Path) -> dict[str, list[Path]]:
    """The annotation files of each task."""
    shards: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"*/{SPLIT}-*.parquet")):
        if _SHARD.fullmatch(path.name):
            shards.setdefault(path.parent.name, []).append(path)
    if not shards:
        raise DataError(
            f"{folder}: no TASK/{SPLIT}-00000-of-00001.parquet; name the folder with the annotations"
        )
    for name, paths in shards.items():
        expected = {int(count) for path in paths for count in _SHARD.findall(path.name)}
        if expected != {len(paths)}:
            raise DataError(
                f"{folder / name}: {len(paths)} files of {max(expected)}; copy the missing ones"
            )
    return shards


def _task(name: str, rows: Sequence[Mapping[str, Any]]) -> EvalTask:
    indices: dict[EvalItem, int] = {}
    queries, candidates = [], []
    for number, row in enumerate(rows):
        where = f"{name}, {SPLIT}, query {number}"
        text, path = row["qry_text"], row["qry_img_path"]
        queries.append(_item(where, instruction=row["qry_inst"], text=text, path=path))
        listed = _candidates(where, row)
        candidates.append(tuple(indices.setdefault(item, len(indices)) for item in listed))
    return EvalTask(
        name=name,
        split=SPLIT,
        queries=tuple(queries),
        documents=tuple(indices),
        relevance=tuple({first: 1.0} for first, *_ in candidates),
        candidates=tuple(candidates),
    )


def _candidates(where: str, row: Mapping[str, Any]) -> list[EvalItem]:
    texts, paths = row["tgt_text"] or (), row["tgt_img_path"] or ()
    if not texts or len(texts) != len(paths):
        raise DataError(
            f"{where}: {len(texts)} texts and {len(paths)} images of candidates; each candidate "
            "has one of both, '' for none"
        )
    instruction = row["tgt_inst"]
    return [
        _item(f"{where}, candidate {index}", instruction=instruction, text=text, path=path)
        for index, (text, path) in enumerate(zip(texts, paths, strict=True))
    ]


def _item(where: str, *, instruction: str | None, text: str | None, path: str | None) -> EvalItem:
    if not text and not path:
        raise DataError(f"{where}: neither text nor image; copy the annotations again")
    if path and (PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts):
        raise DataError(f"{where}: image {path!r} lies outside {IMAGES}; its path must be relative")
    words = (instruction or "").replace(_PLACEHOLDER, "").strip()
    return EvalItem(words, text or "", (path,) if path else ())


def _check_images(images: Path, task: EvalTask) -> None:
    """Find missing images before any is encoded: a benchmark runs for hours."""
    names: Iterable[str] = dict.fromkeys(
        name for item in (*task.queries, *task.documents) for name in item.media
    )
    missing = [name for name in names if not (images / name).is_file()]
    if missing:
        raise DataError(
            f"{task.label}: no image {images / missing[0]} ({len(missing)} are missing); unpack "
            f"the images into {images}"
        )
