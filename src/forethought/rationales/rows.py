"""A row of the table and the noun it stands for."""

import json
from datetime import UTC, datetime

from forethought.types import CachedRationale, Ending, Rationale

_COLUMNS = "key, thinking, answer, ending, token_ids, reasoner, sources, created, edited, original"
# Put together from constants alone: what a caller says is always a parameter.
SELECT = f"SELECT {_COLUMNS} FROM rationales"  # noqa: S608
AMONG = f"{SELECT} WHERE key IN (SELECT value FROM json_each(?))"  # noqa: S608
ADD = f"INSERT OR IGNORE INTO rationales ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
PUT = ADD.replace("IGNORE", "REPLACE", 1)


def as_values(row: CachedRationale) -> tuple[str, ...]:
    """A row for the table; every column is text."""
    said, first = row.rationale, row.original
    original = "" if first is None else json.dumps([first.thinking, first.answer, first.ending])
    ids, sources = json.dumps(row.token_ids), json.dumps(row.sources)
    words = (said.thinking, said.answer, said.ending.value)
    return (row.key, *words, ids, row.reasoner, sources, row.created, row.edited, original)


def as_remembered(row: tuple[str, ...]) -> CachedRationale:
    """A row of the table."""
    key, thinking, answer, ending, ids, reasoner, sources, created, edited, original = row
    first = json.loads(original) if original else None
    return CachedRationale(
        key=key,
        rationale=Rationale(thinking, answer, Ending(ending)),
        token_ids=tuple(json.loads(ids)),
        reasoner=reasoner,
        sources=tuple(json.loads(sources)),
        created=created,
        edited=edited,
        original=first and Rationale(first[0], first[1], Ending(first[2])),
    )


def now() -> str:
    """The time, UTC, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
