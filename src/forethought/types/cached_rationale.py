"""A rationale of an earlier call."""

from dataclasses import dataclass

from forethought.types.rationale import Rationale


@dataclass(frozen=True, slots=True)
class CachedRationale:
    """A stored rationale, the completion it was read from, and where both come from.

    `token_ids` is the completion as decoded, with the embed token last. `reasoner` is the model,
    `sources` the names of the inputs. `edited` is the time of a correction by hand, or empty;
    `original` is the rationale before it. Times are UTC, in ISO 8601.
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
        """The number of decoded tokens."""
        return len(self.token_ids)
