"""Rationales as JSON Lines: one object a row, to read, correct and copy elsewhere."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forethought.errors import DataError
from forethought.rationales.rationale_table import now
from forethought.types import CachedRationale, Ending, Rationale

_KEY_DIGITS = 64


def to_line(row: CachedRationale) -> str:
    """A row as one line, without its line end."""
    first = row.original
    fields = {
        "key": row.key,
        **_text(row.rationale),
        "token_ids": row.token_ids,
        "tokens": row.tokens,
        "reasoner": row.reasoner,
        "sources": row.sources,
        "created": row.created,
        "edited": row.edited or None,
        "original": first and _text(first),
    }
    return json.dumps(fields, ensure_ascii=False)


def read_lines(file: str | Path) -> list[CachedRationale]:
    """Every row of an exported file.

    Raises:
        DataError: if the file cannot be read, or a line is wrong; the line is named.
    """
    file = Path(file)
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{file}: no such file; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read ({error}); export it again") from None
    rows = []
    # Not `splitlines`: a string may hold other line separators, which JSON does not escape.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(from_line(line))
            except ValueError as error:
                raise DataError(
                    f"{file}, line {number}: {error}; nothing is imported, correct it first"
                ) from None
    return rows


def from_line(line: str) -> CachedRationale:
    """Undo `to_line`.

    Raises:
        ValueError: if a field is missing or of the wrong kind.
    """
    try:
        fields = json.loads(line)
    except (RecursionError, ValueError) as error:
        raise ValueError(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise ValueError(f"{line.strip()[:40]!r} is not an object")  # noqa: TRY004 - one kind
    first, edited = fields.get("original"), fields.get("edited")
    if (first is None) != (edited is None):
        raise ValueError('"edited" and "original" belong together; give both or neither')
    defaults = {"reasoner": "", "sources": [], **fields}
    return CachedRationale(
        key=_checked(fields, "key", rule="64 hexadecimal digits", holds=_is_key),
        rationale=_rationale(fields),
        token_ids=tuple(
            _checked(fields, "token_ids", rule="a list of whole numbers", holds=_is_ids)
        ),
        reasoner=_checked(defaults, "reasoner", rule="a string", holds=_is_text),
        sources=tuple(_checked(defaults, "sources", rule="strings", holds=_is_texts)),
        created=_time(fields, "created") if fields.get("created") else now(),
        edited="" if edited is None else _time(fields, "edited"),
        original=None if first is None else _rationale(first),
    )


def _text(rationale: Rationale) -> dict[str, str]:
    return {
        "thinking": rationale.thinking,
        "answer": rationale.answer,
        "ending": rationale.ending.value,
    }


def _rationale(fields: object) -> Rationale:
    if not isinstance(fields, dict):
        raise ValueError(f'"original" is {fields!r}, not an object')  # noqa: TRY004 - one kind
    endings = ", ".join(Ending)
    return Rationale(
        thinking=_checked(fields, "thinking", rule="a string of Unicode", holds=_is_text),
        answer=_checked(fields, "answer", rule="a string of Unicode", holds=_is_text),
        ending=Ending(
            _checked(fields, "ending", rule=f"one of {endings}", holds=lambda e: e in set(Ending))
        ),
    )


def _checked(
    fields: Mapping[str, Any], name: str, *, rule: str, holds: Callable[[object], bool]
) -> Any:  # noqa: ANN401 - JSON
    value = fields.get(name)
    if not holds(value):
        raise ValueError(f'"{name}" must be {rule}, got {str(value)[:40]!r}')
    return value


def _time(fields: Mapping[str, Any], name: str) -> str:
    value = _checked(fields, name, rule="a time in ISO 8601", holds=_is_text)
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f'"{name}" must be a time in ISO 8601, got {value!r}') from None
    if when.tzinfo is None:
        raise ValueError(f'"{name}" needs its time zone, such as +00:00, got {value!r}')
    # Times of edits are compared as text.
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def _is_key(value: object) -> bool:
    return (
        isinstance(value, str)
        and len(value) == _KEY_DIGITS
        and not set(value) - set("0123456789abcdef")
    )


def _is_ids(value: object) -> bool:
    return isinstance(value, list) and all(type(one) is int and one >= 0 for one in value)


def _is_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))
