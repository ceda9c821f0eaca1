"""What is wrong with a file of examples, and what may cost quality, before a model learns from it."""

import hashlib
import json
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from forethought.data.example_line import DocumentLine, ExampleLine, QueryLine
from forethought.data.media_store import MediaStore
from forethought.data.part_line import PartLine
from forethought.data.row_source import ParsedRow, RowSource
from forethought.errors import ContentError
from forethought.types import Progress, ignore_progress


class FindingKind(StrEnum):
    """What a finding is about; training refuses or skips the rows of the first three."""

    INVALID = "not an example"
    MISSING = "missing file"
    UNREADABLE = "unreadable file"
    REPEATED = "repeated example"
    FALSE_NEGATIVE = "false negative"
    LEAK = "target in the rationale"

    @property
    def is_error(self) -> bool:
        """Whether training refuses the file for it."""
        return self in {FindingKind.INVALID, FindingKind.MISSING, FindingKind.UNREADABLE}


@dataclass(frozen=True, slots=True)
class LineFinding:
    """One row's fault, and what to do about it.

    `line` is the row's number in its file, from 1, `place` how messages call it, and `first` the
    place of the row that it repeats or clashes with, if there is one.
    """

    line: int
    place: str
    kind: FindingKind
    message: str
    first: str = ""


class _Found(NamedTuple):
    kind: FindingKind
    message: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class DataReport:
    """What a file holds.

    `lengths` has, for each part of an example that is text, the length of every one of them.
    """

    examples: int
    tasks: dict[str, int]
    findings: tuple[LineFinding, ...]
    lengths: dict[str, np.ndarray]

    @property
    def is_valid(self) -> bool:
        """Whether training takes the file."""
        return self.examples > 0 and not any(one.kind.is_error for one in self.findings)


def count_words(text: str) -> int:
    """The number of words."""
    return len(text.split())


def check_examples(
    source: RowSource,
    *,
    length: Callable[[str], int] = count_words,
    open_media: bool = False,
    progress: Progress = ignore_progress,
) -> DataReport:
    """Read every row of a source; a fault is a finding, not an error.

    Args:
        length: of a text, in whatever is counted: words, or a model's tokens.
        open_media: decode each picture, video and PDF instead of asking whether it is there.
        progress: called with what is read, in bytes or rows, and how much there is.

    Raises:
        DataError: if a file cannot be read, or not to its end.
    """
    check = _Check(source, length, open_media)
    for row in source.parsed_rows(progress):
        check.add(row)
    return check.report()


@dataclass(slots=True)
class _Check:
    """Goes through the rows; what it stores of one is a few digests and its place."""

    source: RowSource
    length: Callable[[str], int]
    open_media: bool
    tasks: Counter[str] = field(default_factory=Counter)
    findings: list[LineFinding] = field(default_factory=list)
    lengths: dict[str, "array[int]"] = field(default_factory=dict)
    examples: dict[bytes, str] = field(default_factory=dict)
    queries: dict[bytes, tuple[str, frozenset[str]]] = field(default_factory=dict)
    documents: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)

    def add(self, row: ParsedRow) -> None:
        path = str(self.source.path)
        place = row.place.removeprefix(f"{path}, ").removeprefix(f"{path}/")
        if row.line is None:
            found = [_Found(FindingKind.INVALID, row.fault)]
        else:
            self.tasks[row.line.task] += 1
            self._measure(row.line)
            found = [*self._media(row.line, self.source.media_of(row.where))]
            found = found or [*self._repeated(place, row.line), *_leaks(row.line)]
        self.findings += [
            LineFinding(row.where.number, place, one.kind, one.message, one.first) for one in found
        ]

    def report(self) -> DataReport:
        lengths = {name: np.array(found) for name, found in self.lengths.items()}
        return DataReport(self.tasks.total(), dict(self.tasks), tuple(self.findings), lengths)

    def _measure(self, line: ExampleLine) -> None:
        for name, text in _texts(line):
            if text:
                self.lengths.setdefault(name, array("q")).append(self.length(text))

    def _media(self, line: ExampleLine, media: MediaStore) -> Iterator[_Found]:
        missing = line.missing(media)
        for name in missing:
            yield _Found(FindingKind.MISSING, media.missing(name))
        for part in line.parts if self.open_media else ():
            if part.has_media and not set(missing) & set(part.names):
                fault = self._fault(part, media)
                if fault:
                    yield _Found(FindingKind.UNREADABLE, fault)

    def _fault(self, part: PartLine, media: MediaStore) -> str:
        key = json.dumps(part.key)
        if key not in self.faults:
            try:
                part.open(media)
                self.faults[key] = ""
            except ContentError as error:
                self.faults[key] = str(error)
        return self.faults[key]

    def _repeated(self, place: str, line: ExampleLine) -> Iterator[_Found]:
        query = _digest([line.task, line.query.instruction, *_keys(line.query.content)])
        first = self.examples.setdefault(_whole(line, query), place)
        if first != place:
            message = f"the same as {first}; leave one of them out"
            yield _Found(FindingKind.REPEATED, message, first)
            return
        labels = frozenset(one.resolved_label for one in line.positives)
        before, others = self.queries.setdefault(query, (place, labels))
        if not labels & others:
            yield _Found(
                FindingKind.FALSE_NEGATIVE,
                f"the query of {before} with other positives, which a batch of both takes for "
                "negatives; write all positives in one row, or give them one label",
                before,
            )
        for document in (*line.positives, *line.negatives):
            yield from self._relabelled(place, document)

    def _relabelled(self, place: str, document: DocumentLine) -> Iterator[_Found]:
        content = _digest([document.instruction, *_keys(document.content)])
        label = document.resolved_label
        before, other = self.documents.setdefault(content, (place, label))
        if label != other:
            yield _Found(
                FindingKind.FALSE_NEGATIVE,
                f"the document {label!r} has the content of {other!r} in {before}: each is a "
                "negative of the other's query; give them one label",
                before,
            )


def _whole(line: ExampleLine, query: bytes) -> bytes:
    documents = [
        [one.instruction, one.label, _words_of(one), _keys(one.content)]
        for one in (*line.positives, *line.negatives)
    ]
    return _digest([query.hex(), _words_of(line.query), len(line.positives), documents])


def _words_of(side: QueryLine | DocumentLine) -> list[str]:
    rationale = side.rationale
    return [rationale.thinking, rationale.answer] if rationale else []


def _keys(content: Iterable[PartLine]) -> list[dict[str, object]]:
    return [part.key for part in content]


def _texts(line: ExampleLine) -> Iterator[tuple[str, str]]:
    yield "query", _joined(line.query.content)
    for document in line.positives:
        yield "positive", _joined(document.content)
    for document in line.negatives:
        yield "negative", _joined(document.content)
    rationales = [line.query.rationale, *(document.rationale for document in line.positives)]
    for rationale in filter(None, rationales):
        yield "rationale", f"{rationale.thinking} {rationale.answer}"


def find_leak(thinking: str, documents: Iterable[DocumentLine]) -> str | None:
    """The first target whose text thinking repeats word for word; None if it repeats none.

    Case and punctuation do not count.
    """
    padded = f" {_words(thinking)} "
    for document in documents:
        target = _joined(document.content)
        words = _words(target)
        if words and f" {words} " in padded:
            return target
    return None


def _leaks(line: ExampleLine) -> Iterator[_Found]:
    """The query's thinking repeats a positive's text word for word.

    Its answer may: it is what the thinking comes to.
    """
    if line.query.rationale is None:
        return
    target = find_leak(line.query.rationale.thinking, line.positives)
    if target is not None:
        yield _Found(
            FindingKind.LEAK,
            f"its thinking holds the target {target!r} word for word; it has to follow from the "
            "query alone",
        )


def _joined(content: Iterable[PartLine]) -> str:
    return " ".join(part.text for part in content if part.text)


def _words(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _digest(parts: list[object]) -> bytes:
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=12).digest()
