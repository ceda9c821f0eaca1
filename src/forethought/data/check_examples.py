"""What is wrong with a file of examples, and what may cost quality, before a model learns from it."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from forethought.config import dump
from forethought.data.example_line import DocumentLine, ExampleLine, PartLine, parse_line
from forethought.errors import ContentError, DataError
from forethought.types import Progress, ignore_progress

_PLACE = "the line"


class FindingKind(StrEnum):
    """What a finding is about; training refuses a file with one of the first three."""

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
    """One line's fault: its number, from 1, and what to do about it."""

    line: int
    kind: FindingKind
    message: str


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
    path: Path,
    *,
    length: Callable[[str], int] = count_words,
    open_media: bool = False,
    progress: Progress = ignore_progress,
) -> DataReport:
    """Read every line of a JSON Lines file; a fault is a finding, not an error.

    Args:
        length: of a text, in whatever is counted: words, or a model's tokens.
        open_media: decode each picture, video and PDF instead of asking whether it is there.
        progress: called with the bytes that are read, and the size of the file.

    Raises:
        DataError: if the file cannot be read.
    """
    check = _Check(path.parent, length, open_media)
    try:
        size, done = path.stat().st_size, 0
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if text.strip():
                    check.add(number, text)
                done += len(text)
                progress(done, size)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); name a JSON Lines file"
        ) from None
    return check.report()


@dataclass(slots=True)
class _Check:
    """Goes through the lines; what it stores of one is a few digests."""

    folder: Path
    length: Callable[[str], int]
    open_media: bool
    tasks: Counter[str] = field(default_factory=Counter)
    findings: list[LineFinding] = field(default_factory=list)
    lengths: dict[str, list[int]] = field(default_factory=dict)
    examples: dict[bytes, int] = field(default_factory=dict)
    queries: dict[bytes, tuple[int, frozenset[str]]] = field(default_factory=dict)
    documents: dict[bytes, tuple[int, str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def add(self, number: int, text: bytes) -> None:
        try:
            line = parse_line(text, _PLACE)
        except DataError as error:
            message = str(error).removeprefix(f"{_PLACE}: ")
            self.findings.append(LineFinding(number, FindingKind.INVALID, message))
            return
        self.tasks[line.task] += 1
        self._measure(line)
        found = [*self._media(line)]
        if not found:
            found = [*self._repeated(number, line), *_leaks(line)]
        self.findings += [LineFinding(number, kind, message) for kind, message in found]

    def report(self) -> DataReport:
        lengths = {name: np.array(found) for name, found in self.lengths.items()}
        return DataReport(self.tasks.total(), dict(self.tasks), tuple(self.findings), lengths)

    def _measure(self, line: ExampleLine) -> None:
        for name, text in _texts(line):
            if text:
                self.lengths.setdefault(name, []).append(self.length(text))

    def _media(self, line: ExampleLine) -> Iterator[tuple[FindingKind, str]]:
        missing = line.missing_files(self.folder)
        for file in missing:
            message = f"{file}: no such file; paths are relative to {self.folder}"
            yield FindingKind.MISSING, message
        for part in line.parts if self.open_media else ():
            if part.file and part.file not in missing and (fault := self._fault(part)):
                yield FindingKind.UNREADABLE, fault

    def _fault(self, part: PartLine) -> str:
        key = json.dumps(dump(part))
        if key not in self.files:
            try:
                part.open(self.folder)
                self.files[key] = ""
            except ContentError as error:
                self.files[key] = str(error)
        return self.files[key]

    def _repeated(self, number: int, line: ExampleLine) -> Iterator[tuple[FindingKind, str]]:
        whole = _digest([dump(line)])
        first = self.examples.setdefault(whole, number)
        if first != number:
            yield FindingKind.REPEATED, f"the same as line {first}; leave one of them out"
            return
        labels = frozenset(one.resolved_label for one in line.positives)
        query = _digest([line.task, line.query.instruction, *map(dump, line.query.content)])
        before, others = self.queries.setdefault(query, (number, labels))
        if not labels & others:
            yield (
                FindingKind.FALSE_NEGATIVE,
                f"the query of line {before} with other positives, which a batch of both takes "
                "for negatives; write all positives in one line, or give them one label",
            )
        for document in (*line.positives, *line.negatives):
            yield from self._relabelled(number, document)

    def _relabelled(self, number: int, document: DocumentLine) -> Iterator[tuple[FindingKind, str]]:
        content = _digest([document.instruction, *map(dump, document.content)])
        label = document.resolved_label
        before, other = self.documents.setdefault(content, (number, label))
        if label != other:
            yield (
                FindingKind.FALSE_NEGATIVE,
                f"the document {label!r} has the content of {other!r} in line {before}: each is a "
                "negative of the other's query; give them one label",
            )


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


def _leaks(line: ExampleLine) -> Iterator[tuple[FindingKind, str]]:
    """The query's thinking repeats a positive's text word for word.

    Its answer may: it is what the thinking comes to.
    """
    if line.query.rationale is None:
        return
    target = find_leak(line.query.rationale.thinking, line.positives)
    if target is not None:
        yield (
            FindingKind.LEAK,
            f"its thinking holds the target {target!r} word for word; it has to follow from "
            "the query alone",
        )


def _joined(content: Iterable[PartLine]) -> str:
    return " ".join(part.text for part in content if part.text)


def _words(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _digest(parts: list[object]) -> bytes:
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=12).digest()
