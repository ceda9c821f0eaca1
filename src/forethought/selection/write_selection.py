"""The examples with their selected rationales."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from forethought.data import Candidate, ExampleLines, json_text
from forethought.errors import DataError
from forethought.files import atomic
from forethought.selection.pair_index import Place
from forethought.selection.select_inputs import SelectedInput
from forethought.types import Side


def write_selection(path: Path, lines: ExampleLines, inputs: Sequence[SelectedInput]) -> None:
    """Write every example with the rationale of each input set or left out, atomically.

    Everything else of a line stays as it is; so do the rationales of a side that has no inputs.

    Raises:
        DataError: if the file cannot be written.
    """
    by_line: dict[int, list[SelectedInput]] = {}
    for one in inputs:
        by_line.setdefault(one.place.line, []).append(one)
    try:
        with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
            out.writelines(_lines(lines, by_line))
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error.strerror}); name another file"
        ) from None


def _lines(lines: ExampleLines, by_line: Mapping[int, Sequence[SelectedInput]]) -> Iterator[str]:
    for index in range(len(lines)):
        table = json.loads(lines.text(index))
        for one in by_line.get(index, ()):
            _set(_part(table, one.place), one.chosen.candidate if one.chosen else None)
        yield f"{json_text(table)}\n"


def _part(table: dict[str, Any], place: Place) -> dict[str, Any]:
    part: dict[str, Any] = (
        table["query"] if place.side is Side.QUERY else table["positives"][place.document]
    )
    return part


def _set(part: dict[str, Any], candidate: Candidate | None) -> None:
    part.pop("rationale", None)
    if candidate is not None:
        part["rationale"] = {"thinking": candidate.thinking, "answer": candidate.answer}
