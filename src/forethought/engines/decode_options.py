"""How rows write."""

from dataclasses import dataclass, field

from forethought.engines.sampling import Sampling
from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class EarlyExit:
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
            raise ConfigError(f"EarlyExit(every={self.every!r}): look every token or more rarely")
        if not 0 < self.within <= 2:
            raise ConfigError(
                f"EarlyExit(within={self.within!r}): a cosine distance lies in (0, 2]; 0.01 is small"
            )


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How rows write: how much, how chosen, and how much repetition is borne.

    A row in a loop is closed after `repeats` rounds; 0 lets it go on. With `speculative_tokens`, so many
    tokens at a time are guessed from what stood behind the last two before (prompt lookup)
    and read in one pass with the token that was chosen; what is written stays the same. With
    `early_exit` a row may stop early, with a vector that is not quite the one it would have had.

    Raises:
        ConfigError: if a setting is out of its range, or two exclude each other.
    """

    budget: int
    sampling: Sampling = field(default_factory=Sampling)
    repeats: int = 8
    speculative_tokens: int = 0
    early_exit: EarlyExit | None = None

    def __post_init__(self) -> None:
        for name, least in (("budget", 1), ("repeats", 0), ("speculative_tokens", 0)):
            if getattr(self, name) < least:
                raise ConfigError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if self.early_exit is not None and not isinstance(self.early_exit, EarlyExit):
            raise ConfigError(
                f"early_exit={self.early_exit!r}: say EarlyExit(every=8, within=0.01), or None"
            )
        if self.speculative_tokens and self.early_exit:
            raise ConfigError(
                f"speculative_tokens={self.speculative_tokens} and {self.early_exit} exclude each other; ask for one of them"
            )

    @property
    def lookahead(self) -> int:
        """How many tokens a pass may read behind the one that was chosen."""
        return max(self.speculative_tokens, 1 if self.early_exit else 0)
