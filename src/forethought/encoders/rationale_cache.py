"""The protocol of a rationale cache, and the view of it that one model uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from forethought.encoders.encode_row import EncodeRow
from forethought.encoders.stored_completion import StoredCompletion
from forethought.types import CachedRationale


@runtime_checkable
class RationaleCache(Protocol):
    """Rationales by key, from one call of `encode` to the next."""

    def lookup(self, keys: Sequence[str]) -> Mapping[str, CachedRationale]:
        """The entries of those keys that are present."""
        ...

    def add(self, entries: Sequence[CachedRationale]) -> None:
        """Insert entries; a key that is present keeps its entry."""
        ...

    def record(self, *, hits: int = 0, unreadable: int = 0) -> None:
        """Count entries that were read instead of decoding, and entries that could not be read."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RationaleCacheView:
    """A rationale cache as one model uses it, row by row.

    `to_completion` gives the completion of an entry, or None if the model cannot read it.
    """

    cache: RationaleCache
    to_completion: Callable[[CachedRationale], StoredCompletion | None]

    def lookup(self, rows: Sequence[EncodeRow]) -> None:
        """Set `cached` of every row whose rationale is stored and readable."""
        keyed = [(row, row.pending.key) for row in rows if row.pending]
        found = self.cache.lookup([key for _, key in keyed])
        unreadable = 0
        for row, key in keyed:
            if key in found:
                row.cached = self.to_completion(found[key])
                unreadable += row.cached is None
        if unreadable:
            self.cache.record(unreadable=unreadable)

    def update(self, rows: Sequence[EncodeRow]) -> None:
        """Add the rationales that were decoded for finished rows, and count the stored ones used."""
        new = [
            replace(row.pending, rationale=row.rationale, token_ids=row.token_ids)
            for row in rows
            if row.pending and row.rationale and row.token_ids
        ]
        if new:
            self.cache.add(new)
        hits = sum(row.cached is not None for row in rows)
        if hits:
            self.cache.record(hits=hits)
