"""The benchmarks that `forethought data` builds, read from their Parquet files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forethought.errors import DataError
from forethought.evaluation import (
    METRICS,
    EvalItem,
    EvalTask,
    Metric,
    evenly_spaced,
    files_revision,
    read_rows,
    select_tasks,
)
from forethought.types import Content, Image, Message, Side, Text

QUERIES, CANDIDATES, PICTURES = "queries.parquet", "candidates.parquet", "pictures.parquet"


@dataclass(frozen=True, slots=True)
class GlyphBenchmark:
    """Tasks over pictures and texts; all queries of a split share a pool."""

    title: str
    notes: tuple[str, ...]
    tasks: tuple[EvalTask, ...]
    pictures: Mapping[str, bytes]
    """Encoded pictures by the id that `EvalItem.media` holds."""
    revision: str
    max_queries: int | None

    @property
    def metrics(self) -> Mapping[str, Metric]:
        return METRICS

    def message(self, item: EvalItem, side: Side) -> Message:
        """The picture of an item, then its text."""
        content: list[Content] = [Image(self.pictures[name], source=name) for name in item.media]
        if item.text:
            content.append(Text(item.text))
        return Message(tuple(content), item.instruction, side)


def read_glyphs(
    folder: Path, *, tasks: Collection[str] = (), max_queries: int | None = None
) -> GlyphBenchmark:
    """Read the benchmark of drawings, or some tasks, or at most so many queries of each split.

    A capped split keeps evenly spaced queries, so that every family of concepts keeps a share.

    Raises:
        DataError: if a file, column, task, document or picture is missing, or a document of a
            pool is listed twice.
    """
    _check_files(folder, (QUERIES, CANDIDATES, PICTURES), command="forethought data glyphs")
    found = _read_tasks(folder, tasks, max_queries)
    return GlyphBenchmark(
        title="glyphs",
        notes=("drawings, not photographs",),
        tasks=found,
        pictures=_pictures(folder / PICTURES, found),
        revision=files_revision(folder / name for name in (QUERIES, CANDIDATES, PICTURES)),
        max_queries=max_queries,
    )


def read_lab(
    folder: Path, *, tasks: Collection[str] = (), max_queries: int | None = None
) -> GlyphBenchmark:
    """Read the benchmark of questions in words; tasks and queries as in `read_glyphs`.

    Raises:
        DataError: as `read_glyphs`.
    """
    _check_files(folder, (QUERIES, CANDIDATES), command="forethought data lab")
    return GlyphBenchmark(
        title="lab",
        notes=("facts of countries, in words",),
        tasks=_read_tasks(folder, tasks, max_queries),
        pictures={},
        revision=files_revision(folder / name for name in (QUERIES, CANDIDATES)),
        max_queries=max_queries,
    )


def _check_files(folder: Path, names: Sequence[str], *, command: str) -> None:
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        raise DataError(
            f"{folder}: {', '.join(absent)} not found; build the benchmark with: {command}"
        )


def _read_tasks(
    folder: Path, tasks: Collection[str], max_queries: int | None
) -> tuple[EvalTask, ...]:
    queries = _by_split(folder / QUERIES, "query", "relevant")
    candidates = _by_split(folder / CANDIDATES, "document", "document")
    names = select_tasks((task for task, _ in queries), tasks)
    return tuple(
        _task(key, evenly_spaced(rows, max_queries), candidates.get(key, []))
        for key, rows in sorted(queries.items())
        if key[0] in names
    )


_Row = Mapping[str, Any]
_Key = tuple[str, str]


def _by_split(path: Path, side: str, *columns: str) -> dict[_Key, list[_Row]]:
    content = (f"{side}_instruction", f"{side}_text", f"{side}_picture")
    groups: dict[_Key, list[_Row]] = {}
    for row in read_rows(path, ("task", "split", *columns, *content)):
        groups.setdefault((row["task"], row["split"]), []).append(row)
    return groups


def _task(key: _Key, queries: Sequence[_Row], candidates: Sequence[_Row]) -> EvalTask:
    task, split = key
    indices = {row["document"]: index for index, row in enumerate(candidates)}
    if len(indices) != len(candidates):
        raise DataError(f"{task}, {split}: a document is twice in the pool; build it again")
    documents = tuple(_item(row, "document") for row in candidates)
    relevance = tuple(_grades(row["relevant"], indices, key) for row in queries)
    return EvalTask(
        name=task,
        split=split,
        queries=tuple(_item(row, "query") for row in queries),
        documents=documents,
        relevance=relevance,
        answers=_answers(documents, relevance),
    )


def _answers(
    documents: Sequence[EvalItem], relevance: Sequence[Mapping[int, float]]
) -> tuple[tuple[str, ...], ...] | None:
    """The texts of each query's relevant documents; None where they are pictures."""
    if any(document.media for document in documents):
        return None
    return tuple(tuple(documents[index].text for index in grades) for grades in relevance)


def _item(row: _Row, side: str) -> EvalItem:
    picture = row[f"{side}_picture"]
    media = (picture,) if picture else ()
    return EvalItem(row[f"{side}_instruction"], row[f"{side}_text"], media)


def _grades(names: Sequence[str], indices: Mapping[str, int], key: _Key) -> dict[int, float]:
    unknown = [name for name in names if name not in indices]
    if unknown:
        raise DataError(
            f"{key[0]}, {key[1]}: {unknown[0]!r} is relevant to a query but not in the pool; "
            "build it again"
        )
    return {indices[name]: 1.0 for name in names}


def _pictures(path: Path, tasks: Sequence[EvalTask]) -> dict[str, bytes]:
    items = (item for task in tasks for item in (*task.queries, *task.documents))
    names = {name for item in items for name in item.media}
    rows = read_rows(path, ("picture", "png"))
    pictures = {row["picture"]: row["png"] for row in rows if row["picture"] in names}
    missing = sorted(names - pictures.keys())
    if missing:
        raise DataError(
            f"{path}: no picture {missing[0]!r} ({len(missing)} are missing); build it again"
        )
    return pictures
