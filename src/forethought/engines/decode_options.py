"""How rows write."""

from dataclasses import dataclass, field

from forethought.engines.sampling import Sampling
from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Settle:
    """Stop where the vector has stopped moving (early embed).

    Every `every` tokens a row is read as if it embedded there. Once two such vectors in a
    row are nearer than `within` in cosine distance, the last is taken and the row is closed.

    Raises:
        ConfigError: if a setting is out of its range.
    """

    every: int = 8
    within: float = 1e-3

    def __post_init__(self) -> None:
        if type(self.every) is not int or self.every < 1:
            raise ConfigError(f"Settle(every={self.every!r}): look every token or more rarely")
        if not 0 < self.within <= 2:
            raise ConfigError(
                f"Settle(within={self.within!r}): a cosine distance lies in (0, 2]; 0.01 is small"
            )


@dataclass(frozen=True, slots=True)
class Manner:
    """How rows write: how much, how chosen, and how much repetition is borne.

    A row in a loop is closed after `repeats` rounds; 0 lets it go on. With `guesses`, so many
    tokens at a time are guessed from what stood behind the last two before (prompt lookup)
    and read in one pass with the token that was chosen; what is written stays the same. With
    `settle` a row may stop early, with a vector that is not quite the one it would have had.

    Raises:
        ConfigError: if a setting is out of its range, or two exclude each other.
    """

    budget: int
    sampling: Sampling = field(default_factory=Sampling)
    repeats: int = 8
    guesses: int = 0
    settle: Settle | None = None

    def __post_init__(self) -> None:
        for name, least in (("budget", 1), ("repeats", 0), ("guesses", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.settle is not None and not isinstance(self.settle, Settle):
            raise ConfigError(f"settle={self.settle!r}: say Settle(every=8, within=0.01), or None")
        if self.guesses and self.settle:
            raise ConfigError(
                f"guesses={self.guesses} and {self.settle} exclude each other; ask for one of them"
            )

    @property
    def ahead(self) -> int:
        """How many tokens a pass may read behind the one that was chosen."""
        return max(self.guesses, 1 if self.settle else 0)
