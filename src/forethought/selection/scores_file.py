"""Scores that were computed before: a file that is only appended to."""

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from forethought.errors import DataError
from forethought.files import file_lock

Score = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class ScoresFile:
    """Numbers by key, one line each; a key covers everything that determines its numbers.

    A killed process loses at most the line that it was writing.
    """

    path: Path
    _found: dict[str, Score] = field(default_factory=dict, init=False, repr=False)

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> "Iterator[ScoresFile]":
        """Read a file, or start one; no other process writes to it within the context.

        Raises:
            DataError: if it is in use, cannot be read, or a line is wrong.
        """
        lock = file_lock(path.with_name(f".{path.name}.lock"))
        try:
            with lock.acquire(timeout=0):
                file = cls(path)
                file._read()
                yield file
        except TimeoutError:
            raise DataError(
                f"{path}: another process is scoring into it; wait for it, or write to another file"
            ) from None

    def __contains__(self, key: str) -> bool:
        return key in self._found

    def __getitem__(self, key: str) -> Score:
        return self._found[key]

    def add(self, scores: Iterable[tuple[str, Score]]) -> None:
        """Append numbers.

        Raises:
            DataError: if the file cannot be written.
        """
        new = dict(scores)
        lines = [f"{json.dumps({'key': key, 'scores': score})}\n" for key, score in new.items()]
        try:
            with self.path.open("ab") as file:
                file.write("".join(lines).encode())
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be written ({error.strerror}); what was written is used by "
                "the next run"
            ) from None
        self._found.update(new)

    def _read(self) -> None:
        try:
            if not self.path.exists():
                return
            with self.path.open("rb+") as file:
                whole = 0
                for number, text in enumerate(file, 1):
                    if not text.endswith(b"\n"):
                        # The line that a killed process was writing.
                        file.truncate(whole)
                        break
                    whole += len(text)
                    self._found.update([_parse(text, f"{self.path}, line {number}")])
        except OSError as error:
            raise DataError(
                f"{self.path}: cannot be read ({error.strerror}); name another file of scores"
            ) from None


def _parse(text: bytes, place: str) -> tuple[str, Score]:
    try:
        table = json.loads(text)
        key, score = str(table["key"]), tuple(map(float, table["scores"]))
    except (RecursionError, ValueError, KeyError, TypeError):
        score, key = (math.nan,), ""
    if not all(map(math.isfinite, score)):
        raise DataError(
            f"{place}: not a line of scores; delete it, or the file, to score again what is missing"
        )
    return key, score
