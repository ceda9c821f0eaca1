"""A folder that remembers what was thought, for any number of processes at once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forethought.errors import ConfigError, DataError
from forethought.rationales.database import FILE, connected, prepare, writing
from forethought.rationales.rows import ADD, AMONG, PUT, SELECT, as_remembered, as_values, now
from forethought.types import CachedRationale, Ending, Rationale

_PAGE = 500


@dataclass(slots=True)
class Counts:
    """What a store did since it was opened: rows recalled, added, and recalled but unreadable."""

    recalled: int = 0
    added: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of rows from elsewhere: added, taken over as edits, or left as they were."""

    added: int
    edited: int
    kept: int


@dataclass(frozen=True, slots=True)
class RationaleStore:
    """Rationales by key, in one SQLite file in `folder`, which is made where it is missing.

    A batch is kept whole or not at all, whenever a process is killed. It may be copied to
    other processes and threads, and shared by them on a local disk.

    Raises:
        DataError: if the folder cannot be used, or holds something else.
    """

    folder: Path
    counts: Counts = field(default_factory=Counts, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folder", Path(self.folder))
        prepare(self.folder)

    @classmethod
    def existing(cls, folder: Path) -> "RationaleStore":
        """Open a store that is there already.

        Raises:
            DataError: if there is none.
        """
        if not (folder / FILE).is_file():
            raise DataError(
                f"{folder}: no rationales here (there is no {FILE}); name the folder that "
                "`forethought embed --rationales` was given"
            )
        return cls(folder)

    def recall(self, keys: Sequence[str]) -> Mapping[str, CachedRationale]:
        """Find those of the keys that are known."""
        with connected(self.folder) as connection:
            found = connection.execute(AMONG, [json.dumps(list(keys))]).fetchall()
        self.counts.recalled += len(found)
        return {row[0]: as_remembered(row) for row in found}

    def keep(self, rows: Sequence[CachedRationale]) -> None:
        """Add rationales in one transaction; a key that is known already keeps what it has."""
        made = [row if row.created else replace(row, created=now()) for row in rows]
        with connected(self.folder) as connection, writing(connection):
            before = connection.total_changes
            connection.executemany(ADD, [as_values(row) for row in made])
            added = connection.total_changes - before
        self.counts.added += added

    def refuse(self, keys: Sequence[str]) -> None:
        """Count rows that were recalled in vain."""
        self.counts.recalled -= len(keys)
        self.counts.unreadable += len(keys)

    def __len__(self) -> int:
        with connected(self.folder) as connection:
            return int(connection.execute("SELECT count(*) FROM rationales").fetchone()[0])

    def __iter__(self) -> Iterator[CachedRationale]:
        """Every row, in the order of keys; what is added meanwhile may or may not be seen."""
        last = ""
        query = f"{SELECT} WHERE key > ? ORDER BY key LIMIT ?"
        while True:
            with connected(self.folder) as connection:
                page = connection.execute(query, [last, _PAGE]).fetchall()
            yield from map(as_remembered, page)
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
        with connected(self.folder) as connection:
            found = connection.execute(query, [len(start), start]).fetchall() if start else []
        if len(found) == 1:
            return as_remembered(found[0])
        if found:
            keys = ", ".join(str(row[0])[: len(start) + 6] for row in found[:2])
            raise DataError(
                f"key {prefix!r} fits more than one rationale ({keys}, ...); add digits"
            )
        raise DataError(
            f"no rationale in {self.folder} has a key that starts with {prefix!r}; "
            "`forethought rationales list` shows them"
        )

    def edit(
        self, prefix: str, *, thinking: str | None = None, answer: str | None = None
    ) -> CachedRationale:
        """Correct the words of one row; the first ones stay beside them as its `original`.

        The next `encode` reads the corrected words, ended by the embed token.

        Raises:
            ConfigError: if nothing is corrected, or the words are not Unicode.
            DataError: if not exactly one key starts with `prefix`.
        """
        if thinking is None and answer is None:
            raise ConfigError("nothing to edit: give --thinking, --answer, or both")
        for words in (thinking, answer):
            _check_words(words or "")
        key = self.find(prefix).key
        # Read again inside: another process may have corrected it meanwhile.
        with connected(self.folder) as connection, writing(connection):
            row = as_remembered(connection.execute(f"{SELECT} WHERE key = ?", [key]).fetchone())
            done = _corrected(
                row,
                row.rationale.thinking if thinking is None else thinking,
                row.rationale.answer if answer is None else answer,
            )
            connection.execute(PUT, as_values(done))
        return done

    def merge(self, rows: Sequence[CachedRationale]) -> Merged:
        """Take in rows from elsewhere, all in one transaction.

        A new key is added. Of a known one the later edit wins, and words that differ from those
        of the same completion are an edit made now; else it keeps what it has.
        """
        added = edited = 0
        with connected(self.folder) as connection, writing(connection):
            for row in rows:
                found = connection.execute(f"{SELECT} WHERE key = ?", [row.key]).fetchone()
                if found is None:
                    connection.execute(ADD, as_values(row))
                    added += 1
                elif done := _later(as_remembered(found), row):
                    connection.execute(PUT, as_values(done))
                    edited += 1
        return Merged(added, edited, len(rows) - added - edited)


def _check_words(words: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{words!r} is no Unicode at {error.start}: write the words as UTF-8"
        ) from None


def _later(old: CachedRationale, new: CachedRationale) -> CachedRationale | None:
    """The edit that a row from elsewhere holds over ours, if it does."""
    if new.edited:
        return new if new.edited > old.edited else None
    known = {_words(old.rationale), _words(old.original or old.rationale)}
    if new.token_ids != old.token_ids or _words(new.rationale) in known:
        return None
    return _corrected(old, *_words(new.rationale))


def _words(said: Rationale) -> tuple[str, str]:
    return said.thinking, said.answer


def _corrected(row: CachedRationale, thinking: str, answer: str) -> CachedRationale:
    """A row with other words, recorded as an edit made now."""
    original = row.rationale if row.original is None else row.original
    said = Rationale(thinking, answer, Ending.EMBED)
    return replace(row, rationale=said, edited=now(), original=original)
