"""A rationale that outlived the call that wrote it."""

from dataclasses import dataclass

from forethought.types.rationale import Rationale


@dataclass(frozen=True, slots=True)
class CachedRationale:
    """One rationale that was written before, and what is known of it.

    `token_ids` is the completion as it was decoded, the embed token last. `edited` is when a
    person corrected the words, empty if nobody did; `original` is what they corrected. Times
    are UTC, in ISO 8601.
    """

    key: str
    rationale: Rationale
    token_ids: tuple[int, ...]
    reasoner: str = ""
    sources: tuple[str, ...] = ()
    created: str = ""
    edited: str = ""
    original: Rationale | None = None

    @property
    def tokens(self) -> int:
        """How many tokens were decoded for it."""
        return len(self.token_ids)
