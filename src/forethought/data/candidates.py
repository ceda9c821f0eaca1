"""Candidate rationales beside a file of examples: what workers wrote, before any is chosen.

    {"line": 0, "side": "query", "worker": "vl-8b", "sample": 1, "thinking": "...",
     "answer": "...", "input": "5f0c…", "made_by": "91aa…"}

A file is appended to while workers run, so a killed run loses at most the line being written.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from forethought.config import build, dump
from forethought.data.example_inputs import ExampleInputs, place
from forethought.data.json_text import json_text
from forethought.errors import ConfigError, DataError
from forethought.files import atomic
from forethought.types import Side

_ALWAYS = frozenset({"line", "side", "worker", "sample", "thinking", "answer", "input"})
"""Keys of every line; of the others, those that differ from their default are written."""
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A rationale that a worker wrote about one side of an example.

    Args:
        line: index of the example, from 0.
        worker: name of the worker.
        sample: number of the worker's attempt at this input, from 0.
        document: of the document side, index of the positive.
        input: digest of what the worker was given; see `ExampleInput`.
        made_by: digest of the worker's settings.
        rejected: why it is of no use; empty for one that may be chosen. Its text is in
            `thinking` as the worker wrote it.
        prompt_tokens, completion_tokens: what the endpoint counted; 0 for a copy, as identical
            inputs are paid for once.

    Raises:
        ValueError: if a number is negative, or there is no worker.
    """

    line: int
    side: Side
    worker: str
    sample: int
    thinking: str
    answer: str
    input: str
    document: int = 0
    made_by: str = ""
    rejected: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __post_init__(self) -> None:
        for name in ("line", "sample", "document", "prompt_tokens", "completion_tokens"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name)}")
        if not self.worker:
            raise ValueError("worker is empty; name who wrote it")

    @property
    def key(self) -> tuple[int, Side, int]:
        """The example, side and document that it is about."""
        return self.line, self.side, self.document


def read_candidates(path: Path, examples: ExampleInputs) -> list[Candidate]:
    """Every candidate of a file, rejected ones too; a torn last line is left out.

    Raises:
        DataError: if the file cannot be read, a line is wrong, or one is about another input than
            the examples have there.
    """
    known = {(one.line, one.side, one.document): one.digest for one in examples.inputs}
    found = []
    for number, text in _whole_lines(path):
        candidate = _parse(text, place(path, number))
        if known.get(candidate.key) != candidate.input:
            raise DataError(
                f"{place(path, number)}: written about another input than the {candidate.side} of "
                f"example {candidate.line} in {examples.path}; name the file of examples that it "
                "belongs to, or another file of candidates"
            )
        found.append(candidate)
    return found


def append_candidates(path: Path, candidates: Iterable[Candidate]) -> None:
    """Append lines in one write; a torn last line is cut off first.

    Raises:
        DataError: if the file cannot be written.
    """
    lines = "".join(f"{_to_line(one)}\n" for one in candidates).encode()
    try:
        with path.open("ab+") as file:
            _mend_end(file)
            file.write(lines)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from None


def write_candidates(path: Path, candidates: Iterable[Candidate]) -> None:
    """Write a whole file, atomically.

    Raises:
        DataError: if the file cannot be written.
    """
    try:
        with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(f"{_to_line(one)}\n" for one in candidates)
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from None


def _to_line(candidate: Candidate) -> str:
    fields = {name: value for name, value in dump(candidate).items() if value or name in _ALWAYS}
    return json_text(fields)


def _whole_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                is_torn = not text.endswith(b"\n") and not _is_json(text)
                if text.strip() and not is_torn:
                    yield number, text
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); name a file of candidates"
        ) from None


def _parse(text: bytes, where: str) -> Candidate:
    try:
        table = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise DataError(f"{where}: not JSON ({error}); leave the line out") from None
    if not isinstance(table, dict):
        raise DataError(f"{where}: not an object, so no candidate; leave the line out")
    try:
        return build(table, Candidate, where=where)
    except ConfigError as error:
        raise DataError(str(error)) from None


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (RecursionError, ValueError):
        return False
    return True


def _mend_end(file: BinaryIO) -> None:
    """End the last line, or cut it off if it is torn."""
    size = end = file.seek(0, os.SEEK_END)
    tail = b""
    while end and b"\n" not in tail:
        start = max(end - _BLOCK, 0)
        file.seek(start)
        tail = file.read(end - start) + tail
        end = start
    torn = tail.rpartition(b"\n")[2]
    if torn and _is_json(torn):
        file.write(b"\n")
    elif torn:
        file.truncate(size - len(torn))
