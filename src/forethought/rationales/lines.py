"""Rationales as JSON Lines: one object a row, to read, to correct, to carry elsewhere."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forethought.errors import DataError
from forethought.rationales.rows import now
from forethought.types import CachedRationale, Ending, Rationale

_KEY_DIGITS = 64


def to_line(row: CachedRationale) -> str:
    """One line, without its end."""
    first = row.original
    told = {
        "key": row.key,
        **_words(row.rationale),
        "token_ids": row.token_ids,
        "tokens": row.tokens,
        "reasoner": row.reasoner,
        "sources": row.sources,
        "created": row.created,
        "edited": row.edited or None,
        "original": first and _words(first),
    }
    return json.dumps(told, ensure_ascii=False)


def read_lines(file: Path) -> list[CachedRationale]:
    """Every row of an exported file.

    Raises:
        DataError: if the file cannot be read, or a line is none; the line is named.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{file}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error}); export it again") from None
    rows = []
    # Not `splitlines`: words may hold other ends of lines, which JSON lets stand.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(from_line(line))
            except ValueError as error:
                raise DataError(
                    f"{file}, line {number}: {error}; nothing is imported, mend it first"
                ) from None
    return rows


def from_line(line: str) -> CachedRationale:
    """What `to_line` wrote.

    Raises:
        ValueError: with what is wrong.
    """
    try:
        told = json.loads(line)
    except (RecursionError, ValueError) as error:
        raise ValueError(f"not JSON ({error})") from None
    if not isinstance(told, dict):
        raise ValueError(f"{line.strip()[:40]!r} is not an object")  # noqa: TRY004 - one kind
    first, edited = told.get("original"), told.get("edited")
    if (first is None) != (edited is None):
        raise ValueError('"edited" and "original" belong together; give both or neither')
    return CachedRationale(
        key=_checked(told, "key", rule="64 hexadecimal digits", holds=_is_key),
        rationale=_rationale(told),
        token_ids=tuple(_checked(told, "token_ids", rule="a list of whole numbers", holds=_is_ids)),
        reasoner=_checked({"reasoner": "", **told}, "reasoner", rule="a string", holds=_is_words),
        sources=tuple(
            _checked({"sources": [], **told}, "sources", rule="strings", holds=_is_all_words)
        ),
        created=_time(told, "created") if told.get("created") else now(),
        edited="" if edited is None else _time(told, "edited"),
        original=None if first is None else _rationale(first),
    )


def _words(said: Rationale) -> dict[str, str]:
    return {"thinking": said.thinking, "answer": said.answer, "ending": said.ending.value}


def _rationale(told: object) -> Rationale:
    if not isinstance(told, dict):
        raise ValueError(f'"original" is {told!r}, not an object')  # noqa: TRY004 - one kind
    endings = ", ".join(Ending)
    return Rationale(
        thinking=_checked(told, "thinking", rule="a string of Unicode", holds=_is_words),
        answer=_checked(told, "answer", rule="a string of Unicode", holds=_is_words),
        ending=Ending(
            _checked(told, "ending", rule=f"one of {endings}", holds=lambda e: e in set(Ending))
        ),
    )


def _checked(
    told: Mapping[str, Any], name: str, *, rule: str, holds: Callable[[object], bool]
) -> Any:  # noqa: ANN401 - JSON
    value = told.get(name)
    if not holds(value):
        raise ValueError(f'"{name}" must be {rule}, got {str(value)[:40]!r}')
    return value


def _time(told: Mapping[str, Any], name: str) -> str:
    value = _checked(told, name, rule="a time in ISO 8601", holds=_is_words)
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f'"{name}" must be a time in ISO 8601, got {value!r}') from None
    if when.tzinfo is None:
        raise ValueError(f'"{name}" must say its time zone, as in +00:00, got {value!r}')
    # Edits are compared as text.
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def _is_key(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) == _KEY_DIGITS
        and not set(value) - set("0123456789abcdef")
    )


def _is_ids(value: object) -> bool:
    return isinstance(value, list) and all(type(one) is int and one >= 0 for one in value)


def _is_words(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_all_words(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_words, value))
