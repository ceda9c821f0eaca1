"""The queries and documents of a training file, each once, and which answer which."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from forethought.data import JsonLines
from forethought.errors import DataError

_WORDS = {"text", "pages"}
"""Keys of a part of a content that name no file."""


class Occurrence(NamedTuple):
    """Where a query or a document is first written: in which file, line and document of it.

    `line` is the index of an example. `document` counts positives before negatives; the query's
    is -1.
    """

    source: JsonLines
    line: int
    document: int = -1


@dataclass(slots=True, eq=False)
class PoolDocument:
    """A document; `content` and `labels` are what it has in common with others that answer the same.

    `table` is how it is written as a negative. `labels` are those that its content has anywhere,
    shared by all documents of that content. `tasks` are those that it may be a negative in.
    """

    at: Occurrence
    table: dict[str, Any]
    content: str
    labels: set[str]
    tasks: set[str] = field(default_factory=set)

    @property
    def groups(self) -> set[str]:
        """Documents with one of these in common answer the same queries."""
        return {self.content, *self.labels}


@dataclass(slots=True, eq=False)
class PoolQuery:
    """A query of a task; lines with the same one share their positives and their negatives."""

    at: Occurrence
    task: str
    table: dict[str, Any]
    positives: set[int] = field(default_factory=set)
    negatives: set[int] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class MiningPool:
    """The queries of a file and all documents by number, with the query's number of each line.

    `has_paths` is whether a path of it is relative to the file's folder. `stamp` is the file's size
    and time when it was read.
    """

    stamp: tuple[int, int]
    has_paths: bool = False
    queries: list[PoolQuery] = field(default_factory=list)
    documents: list[PoolDocument] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def groups_of(self, query: PoolQuery) -> set[str]:
        """The groups of the query's positives: a document of one of them is none of its negatives."""
        return {group for one in query.positives for group in self.documents[one].groups}

    @property
    def num_relabelled(self) -> int:
        """Documents with several labels: in a batch one would be a negative of the other's query."""
        return sum(len(document.labels) > 1 for document in self.documents)


def read_pool(examples: Path, documents: Path | None) -> MiningPool:
    """Read the queries of a file, and the documents of it, or of another file, as candidates.

    Raises:
        DataError: if a file cannot be read or is none that training takes, there is no example,
            or fewer than two documents.
    """
    reader = _Reader(examples.parent, MiningPool(stamp_of(examples)))
    reader.read(examples, has_queries=True, has_candidates=documents is None)
    if documents is not None:
        reader.read(documents, has_queries=False, has_candidates=True)
    pool = reader.pool
    if not pool.queries:
        raise DataError(f"{examples}: it holds no example; write at least two")
    if not any(document.tasks for document in pool.documents):
        raise DataError(f"{documents}: it holds no example, so no document; name another file")
    if len(pool.documents) < 2:
        raise DataError(
            f"{examples}: all examples have one document, so there is none to choose as a "
            "negative; name a file with more in --documents"
        )
    return pool


def stamp_of(path: Path) -> tuple[int, int]:
    """The size and the time of a file.

    Raises:
        DataError: if there is none, or it is a folder.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); name a JSON Lines file"
        ) from None
    if path.is_dir():
        raise DataError(f"{path}: is a folder; name a JSON Lines file")
    return status.st_size, status.st_mtime_ns


def iter_tables(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Every line of a checked file as it is, with its table; None for one that is blank.

    Raises:
        DataError: if a line is no object: a file of JSON may be one array.
    """
    with path.open("rb") as file:
        for text in file:
            yield text, _table(text, path) if text.strip() else None


def _table(text: bytes, path: Path) -> dict[str, Any]:
    try:
        table = json.loads(text)
    except ValueError:
        table = None
    if not isinstance(table, dict):
        raise DataError(f"{path}: not one object a line; write it as JSON Lines")
    return table


def words_of(table: Mapping[str, Any]) -> str:
    """The texts and the names of the files of a query or document, in order."""
    values = (value for part in table["content"] for value in part.values())
    return " ".join(" ".join(each) if isinstance(each, list) else str(each) for each in values)


@dataclass(slots=True)
class _Reader:
    """Adds files to a pool; `folder` is the one that paths are written relative to."""

    folder: Path
    pool: MiningPool
    by_query: dict[str, int] = field(default_factory=dict)
    by_document: dict[str, int] = field(default_factory=dict)
    labels: dict[str, set[str]] = field(default_factory=dict)

    def read(self, path: Path, *, has_queries: bool, has_candidates: bool) -> None:
        stamp_of(path)
        source = JsonLines(path)
        len(source)  # checks every line
        tables = (table for _, table in iter_tables(path) if table is not None)
        for line, table in enumerate(tables):
            task = table.get("task", "default")
            numbers: dict[str, set[int]] = {"positives": set(), "negatives": set()}
            index = 0
            for name, found in numbers.items():
                for each in table.get(name, ()):
                    document = self._document(Occurrence(source, line, index), each)
                    found.add(document)
                    index += 1
                    if has_candidates:
                        self.pool.documents[document].tasks.add(task)
            if has_queries:
                query = self._query(Occurrence(source, line), task, table["query"])
                query.positives |= numbers["positives"]
                query.negatives |= numbers["negatives"]

    def _query(self, at: Occurrence, task: str, table: dict[str, Any]) -> PoolQuery:
        key = json.dumps([task, table.get("instruction", ""), self._content(at.source, table)])
        if self.by_query.setdefault(key, len(self.pool.queries)) == len(self.pool.queries):
            self.pool.queries.append(PoolQuery(at, task, table))
        number = self.by_query[key]
        self.pool.lines.append(number)
        return self.pool.queries[number]

    def _document(self, at: Occurrence, table: dict[str, Any]) -> int:
        content = self._content(at.source, table)
        text = json.dumps(content)
        instruction, label = table.get("instruction", ""), table.get("label")
        # Without a label, the content is one.
        labels = self.labels.setdefault(text, set())
        labels.add(f"label {label}" if label else text)
        key = json.dumps([instruction, text])
        number = self.by_document.setdefault(key, len(self.pool.documents))
        if number == len(self.pool.documents):
            is_here = self._is_here(at.source)
            written = {"content": table["content"] if is_here else content}
            written |= {"instruction": instruction} if instruction else {}
            self.pool.documents.append(PoolDocument(at, written, text, labels))
        if label:
            self.pool.documents[number].table.setdefault("label", label)
        return number

    def _content(self, source: JsonLines, table: dict[str, Any]) -> list[dict[str, Any]]:
        """The content with paths made relative to the pool's folder."""
        home = None if self._is_here(source) else source.path.parent
        return [
            {
                name: value if name in _WORDS else self._path(value, home)
                for name, value in part.items()
            }
            for part in table["content"]
        ]

    def _is_here(self, source: JsonLines) -> bool:
        return source.path.parent.resolve() == self.folder.resolve()

    def _path(self, value: Any, home: Path | None) -> Any:  # noqa: ANN401 - as JSON has it
        """A path relative to `home` made relative to the pool's folder; None is that folder."""
        if isinstance(value, list):
            return [self._path(each, home) for each in value]
        if value.startswith("data:") or Path(value).is_absolute():
            return value
        self.pool.has_paths = True
        moved = value if home is None else os.path.relpath(home / value, self.folder)
        return os.path.normpath(moved)
