"""The table of rationales: its statements, and rows to and from `CachedRationale`."""

import json
from datetime import UTC, datetime

from forethought.types import CachedRationale, Ending, Rationale

CREATE = """
CREATE TABLE IF NOT EXISTS rationales (
  key TEXT PRIMARY KEY,
  thinking TEXT NOT NULL,
  answer TEXT NOT NULL,
  ending TEXT NOT NULL,
  token_ids TEXT NOT NULL,
  reasoner TEXT NOT NULL,
  sources TEXT NOT NULL,
  created TEXT NOT NULL,
  edited TEXT NOT NULL DEFAULT '',
  original TEXT NOT NULL DEFAULT ''
)
"""
_COLUMNS = "key, thinking, answer, ending, token_ids, reasoner, sources, created, edited, original"
# Made of constants alone: values from a caller are always parameters.
SELECT = f"SELECT {_COLUMNS} FROM rationales"  # noqa: S608
SELECT_KEYS = f"{SELECT} WHERE key IN (SELECT value FROM json_each(?))"  # noqa: S608
INSERT = f"INSERT OR IGNORE INTO rationales ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
REPLACE = INSERT.replace("IGNORE", "REPLACE", 1)


def to_columns(row: CachedRationale) -> tuple[str, ...]:
    """The values of a row, in the order of the columns; every column is text."""
    current, first = row.rationale, row.original
    return (
        row.key,
        *(current.thinking, current.answer, current.ending.value),
        json.dumps(row.token_ids),
        row.reasoner,
        json.dumps(row.sources),
        row.created,
        row.edited,
        json.dumps([first.thinking, first.answer, first.ending]) if first else "",
    )


def from_columns(values: tuple[str, ...]) -> CachedRationale:
    """Undo `to_columns`."""
    key, thinking, answer, ending, ids, reasoner, sources, created, edited, original = values
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
    """The current time, UTC, in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
