"""The embedded benchmark: which queries, which pools, and what is relevant to what."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from jaxtyping import Bool

from forethought.errors import DataError
from forethought.types import Content, Image, Message, Side, Text

FOLDER = Path("data/glyphs")
FILES = ("queries.parquet", "candidates.parquet", "pictures.parquet")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to embed: a picture's id, words, or both, under an instruction.

    Equal items get equal vectors, so each is encoded once however many tasks show it.
    """

    instruction: str
    text: str
    picture: str


@dataclass(frozen=True, slots=True)
class Task:
    """The queries of one (task, split), and the one pool they all search."""

    name: str
    split: str
    queries: tuple[Item, ...]
    documents: tuple[Item, ...]
    relevant: tuple[frozenset[int], ...]
    """For each query, the places of its relevant documents in `documents`."""

    def relevance(self) -> Bool[np.ndarray, "Q P"]:
        """Which document is relevant to which query."""
        matrix = np.zeros((len(self.queries), len(self.documents)), dtype=bool)
        for row, places in enumerate(self.relevant):
            matrix[row, list(places)] = True
        return matrix


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Every (task, split) with the picture files they show."""

    tasks: tuple[Task, ...]
    pictures: dict[str, bytes]
    revision: str
    """12 hex digits over the files' content."""

    def message(self, item: Item, side: Side) -> Message:
        """Show an item: its picture, then its words."""
        content: list[Content] = []
        if item.picture:
            content.append(Image(self.pictures[item.picture], source=item.picture))
        if item.text:
            content.append(Text(item.text))
        return Message(tuple(content), item.instruction, side)


def read(
    folder: Path = FOLDER, *, tasks: Collection[str] = (), num_queries: int | None = None
) -> Benchmark:
    """Read the benchmark, or only some tasks and at most `num_queries` queries of each split.

    Fewer queries are taken evenly spaced, so that every family of concepts keeps a share.

    Raises:
        DataError: if a file or task is absent, or a row names what no file holds.
    """
    _check(folder, num_queries)
    queries = _groups(folder / "queries.parquet", tasks)
    candidates = _groups(folder / "candidates.parquet", tasks)
    found = tuple(
        _task(key, _thin(rows, num_queries), candidates.get(key, []))
        for key, rows in sorted(queries.items())
    )
    items = (item for task in found for item in (*task.queries, *task.documents))
    pictures = _pictures(folder / "pictures.parquet", {item.picture for item in items} - {""})
    return Benchmark(found, pictures, _revision(folder))


def _check(folder: Path, num_queries: int | None) -> None:
    absent = [name for name in FILES if not (folder / name).is_file()]
    if absent:
        raise DataError(
            f"{folder}: {', '.join(absent)} not found; build the benchmark with: "
            "forethought data glyphs"
        )
    if num_queries is not None and num_queries < 1:
        raise DataError(f"{num_queries} queries a split cannot be judged; ask for at least 1")


_Row = dict[str, Any]
_Key = tuple[str, str]


def _groups(path: Path, tasks: Collection[str]) -> dict[_Key, list[_Row]]:
    groups: dict[_Key, list[_Row]] = {}
    for row in _table(path).to_pylist():
        groups.setdefault((row["task"], row["split"]), []).append(row)
    known = {task for task, _ in groups}
    unknown = sorted(set(tasks) - known)
    if unknown:
        raise DataError(f"unknown task {unknown[0]!r}; known: {', '.join(sorted(known))}")
    return {key: rows for key, rows in groups.items() if not tasks or key[0] in tasks}


def _table(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path}: not readable as Parquet ({error}); build it again") from None


def _thin(rows: Sequence[_Row], most: int | None) -> list[_Row]:
    if most is None or len(rows) <= most:
        return list(rows)
    return [rows[place] for place in np.linspace(0, len(rows) - 1, most).astype(int)]


def _task(key: _Key, queries: Sequence[_Row], candidates: Sequence[_Row]) -> Task:
    task, split = key
    places = {row["document"]: place for place, row in enumerate(candidates)}
    if len(places) != len(candidates):
        raise DataError(f"{task}, {split}: a document stands twice in the pool; build it again")
    return Task(
        name=task,
        split=split,
        queries=_items(queries, "query"),
        documents=_items(candidates, "document"),
        relevant=tuple(_relevant(row["relevant"], places, key) for row in queries),
    )


def _items(rows: Iterable[_Row], side: str) -> tuple[Item, ...]:
    columns = [f"{side}_{part}" for part in ("instruction", "text", "picture")]
    return tuple(Item(*(row[column] for column in columns)) for row in rows)


def _relevant(names: Sequence[str], places: dict[str, int], key: _Key) -> frozenset[int]:
    lost = [name for name in names if name not in places]
    if lost or not names:
        which = f"{lost[0]!r} is not" if lost else "nothing is named that stands"
        raise DataError(f"{key[0]}, {key[1]}: relevant to a query, {which} in the pool")
    return frozenset(places[name] for name in names)


def _pictures(path: Path, wanted: set[str]) -> dict[str, bytes]:
    table = pq.read_table(path, columns=["picture", "png"])
    kept = table.filter(pc.is_in(table["picture"], pa.array(sorted(wanted), pa.string())))
    pictures = dict(zip(kept["picture"].to_pylist(), kept["png"].to_pylist(), strict=True))
    lost = sorted(wanted - pictures.keys())
    if lost:
        raise DataError(f"{path}: holds no picture {lost[0]!r} ({len(lost)} lost); build it again")
    return pictures


def _revision(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in FILES:
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]
