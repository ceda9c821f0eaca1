"""What a memory of rationales promises an encoder, and what one batch makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from forethought.types import CachedRationale, Rationale

Written = tuple[Rationale, tuple[int, ...]]
"""A rationale and the completion that spells it."""


@runtime_checkable
class RationaleCache(Protocol):
    """Keeps rationales from one call to the next."""

    def recall(self, keys: Sequence[str]) -> Mapping[str, CachedRationale]:
        """Find those of the keys that are known."""
        ...

    def keep(self, rows: Sequence[CachedRationale]) -> None:
        """Add rationales; a key that is known already keeps what it has."""
        ...

    def refuse(self, keys: Sequence[str]) -> None:
        """Be told which of those recalled cannot be read, and are thought of anew."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class RationaleCacheView:
    """The memory as one batch sees it: a row without words yet for each of its prompts.

    `to_completion` gives the completion to read for what was recalled, or None where it cannot be read.
    """

    memory: RationaleCache
    blanks: tuple[CachedRationale, ...]
    to_completion: Callable[[CachedRationale], tuple[int, ...] | None]

    def only(self, rows: Sequence[int]) -> "RationaleCacheView":
        """The same for some of the rows, numbered anew."""
        return replace(self, blanks=tuple(self.blanks[row] for row in rows))

    def recall(self, rows: Sequence[int]) -> dict[int, Written]:
        """What is known of some rows."""
        known = self.memory.recall([self.blanks[row].key for row in rows])
        found: dict[int, Written] = {}
        unread: list[str] = []
        for row in rows:
            memo = known.get(self.blanks[row].key)
            if memo is None:
                continue
            completion = self.to_completion(memo)
            if completion is None:
                unread.append(memo.key)
            else:
                found[row] = memo.rationale, completion
        if unread:
            self.memory.refuse(unread)
        return found

    def keep(self, completions: Mapping[int, Written]) -> None:
        """Add what some rows thought."""
        self.memory.keep(
            [
                replace(self.blanks[row], rationale=rationale, token_ids=token_ids)
                for row, (rationale, token_ids) in completions.items()
            ]
        )
