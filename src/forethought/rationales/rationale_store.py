"""A rationale cache on disk, shared by any number of processes."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forethought.errors import ConfigError, DataError
from forethought.rationales.database import FILE, connect, prepare, transaction
from forethought.rationales.rationale_table import (
    INSERT,
    REPLACE,
    SELECT,
    SELECT_KEYS,
    from_columns,
    now,
    to_columns,
)
from forethought.types import CachedRationale, Ending, Rationale

_PAGE = 500


@dataclass(slots=True)
class StoreCounts:
    """What encoders did with a store since it was opened.

    `hits` counts rationales read instead of decoded, `unreadable` those found that the model
    could not read.
    """

    hits: int = 0
    added: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class MergeCounts:
    """How many rows of a merge were added, replaced as edits, and left unchanged."""

    added: int
    edited: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class RationaleStore:
    """Rationales by key in one SQLite file in `folder`, which is created where missing.

    A batch is stored whole or not at all, even if the process is killed. The object may be
    copied to other processes and threads; the file has to be on a local disk.

    Raises:
        DataError: if the folder cannot be used, or its file is not a store of this version.
    """

    folder: Path
    counts: StoreCounts = field(default_factory=StoreCounts, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        prepare(self.folder)

    @classmethod
    def existing(cls, folder: str | Path) -> "RationaleStore":
        """Open a store that exists.

        Raises:
            DataError: if there is none.
        """
        folder = Path(folder)
        if not (folder / FILE).is_file():
            raise DataError(
                f"{folder}: no rationales here (there is no {FILE}); name a folder that "
                "`forethought embed --rationales` wrote"
            )
        return cls(folder)

    def lookup(self, keys: Sequence[str]) -> Mapping[str, CachedRationale]:
        """The rows of those keys that are present."""
        with connect(self.folder) as connection:
            found = connection.execute(SELECT_KEYS, [json.dumps(list(keys))]).fetchall()
        return {row[0]: from_columns(row) for row in found}

    def add(self, entries: Sequence[CachedRationale]) -> None:
        """Insert rows in one transaction; a key that is present keeps its row."""
        rows = [row if row.created else replace(row, created=now()) for row in entries]
        with connect(self.folder) as connection, transaction(connection):
            before = connection.total_changes
            connection.executemany(INSERT, [to_columns(row) for row in rows])
            added = connection.total_changes - before
        self.counts.added += added

    def record(self, *, hits: int = 0, unreadable: int = 0) -> None:
        """Add to `counts`."""
        self.counts.hits += hits
        self.counts.unreadable += unreadable

    def __len__(self) -> int:
        with connect(self.folder) as connection:
            return int(connection.execute("SELECT count(*) FROM rationales").fetchone()[0])

    def __iter__(self) -> Iterator[CachedRationale]:
        """Every row in the order of keys; rows added meanwhile may or may not be included."""
        last = ""
        query = f"{SELECT} WHERE key > ? ORDER BY key LIMIT ?"
        while True:
            with connect(self.folder) as connection:
                page = connection.execute(query, [last, _PAGE]).fetchall()
            yield from map(from_columns, page)
            if len(page) < _PAGE:
                return
            last = str(page[-1][0])

    def find(self, prefix: str) -> CachedRationale:
        """The one row whose key starts with `prefix`.

        Raises:
            DataError: if there is none, or more than one.
        """
        start = prefix.strip().lower()
        query = f"{SELECT} WHERE substr(key, 1, ?) = ? ORDER BY key LIMIT 3"
        with connect(self.folder) as connection:
            found = connection.execute(query, [len(start), start]).fetchall() if start else []
        if len(found) == 1:
            return from_columns(found[0])
        if found:
            keys = ", ".join(str(row[0])[: len(start) + 6] for row in found[:2])
            raise DataError(
                f"key {prefix!r} fits more than one rationale ({keys}, ...); add digits"
            )
        raise DataError(
            f"no rationale in {self.folder} has a key that starts with {prefix!r}; "
            "`forethought rationales list` prints them"
        )

    def edit(
        self, prefix: str, *, thinking: str | None = None, answer: str | None = None
    ) -> CachedRationale:
        """Correct the text of one row; the decoded text stays beside it as `original`.

        The next `encode` reads the corrected text, ended by the embed token.

        Raises:
            ConfigError: if there is no correction, or the text is not Unicode.
            DataError: if not exactly one key starts with `prefix`.
        """
        if thinking is None and answer is None:
            raise ConfigError("nothing to edit: give --thinking, --answer, or both")
        for text in (thinking, answer):
            _check_unicode(text or "")
        key = self.find(prefix).key
        # Read again inside the transaction: another process may have edited the row.
        with connect(self.folder) as connection, transaction(connection):
            row = from_columns(connection.execute(f"{SELECT} WHERE key = ?", [key]).fetchone())
            edited = _edited(
                row,
                row.rationale.thinking if thinking is None else thinking,
                row.rationale.answer if answer is None else answer,
            )
            connection.execute(REPLACE, to_columns(edited))
        return edited

    def merge(self, rows: Sequence[CachedRationale]) -> MergeCounts:
        """Take in exported rows, all in one transaction.

        A new key is added. Of a present key the later edit wins; different text with the same
        completion counts as an edit made now; every other row is left unchanged.
        """
        added = edited = 0
        with connect(self.folder) as connection, transaction(connection):
            for row in rows:
                found = connection.execute(f"{SELECT} WHERE key = ?", [row.key]).fetchone()
                if found is None:
                    connection.execute(INSERT, to_columns(row))
                    added += 1
                elif later := _later_edit(from_columns(found), row):
                    connection.execute(REPLACE, to_columns(later))
                    edited += 1
        return MergeCounts(added, edited, len(rows) - added - edited)


def _check_unicode(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{text!r} is not Unicode at position {error.start}: write the text as UTF-8"
        ) from None


def _later_edit(current: CachedRationale, new: CachedRationale) -> CachedRationale | None:
    """The row that replaces `current`, if `new` is a later edit of it."""
    if new.edited:
        return new if new.edited > current.edited else None
    known = {_text(current.rationale), _text(current.original or current.rationale)}
    if new.token_ids != current.token_ids or _text(new.rationale) in known:
        return None
    return _edited(current, *_text(new.rationale))


def _text(rationale: Rationale) -> tuple[str, str]:
    return rationale.thinking, rationale.answer


def _edited(row: CachedRationale, thinking: str, answer: str) -> CachedRationale:
    """A row with other text, as an edit made now."""
    original = row.rationale if row.original is None else row.original
    rationale = Rationale(thinking, answer, Ending.EMBED)
    return replace(row, rationale=rationale, edited=now(), original=original)
