"""How completions are decoded."""

from dataclasses import dataclass, field

from forethought.engines.sampling import Sampling
from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class EarlyExit:
    """Ends a completion where its vector no longer changes.

    After `every` tokens the embed token is also run as if the completion ended there. When two
    such vectors in succession have a cosine distance below `within`, the row ends with the last.

    Raises:
        ConfigError: if a setting is out of its range.
    """

    every: int = 8
    within: float = 1e-3

    def __post_init__(self) -> None:
        if type(self.every) is not int or self.every < 1:
            raise ConfigError(
                f"EarlyExit(every={self.every!r}): a whole number of tokens, 1 or more"
            )
        if not 0 < self.within <= 2:
            raise ConfigError(
                f"EarlyExit(within={self.within!r}): a cosine distance is in (0, 2]; 0.01 is small"
            )


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """Length, sampling, loop detection and speculation of a completion.

    Args:
        budget: maximum tokens, the embed token not counted.
        sampling: how tokens are chosen.
        repeats: a row in a loop ends after so many repeats; 0 detects no loop.
        speculative_tokens: how many draft tokens a step verifies (prompt lookup); the completion
            is the same.
        early_exit: ends rows early, with a vector close to the one at the full length.

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
                f"early_exit={self.early_exit!r}: must be EarlyExit(every=8, within=0.01) or None"
            )
        if self.speculative_tokens and self.early_exit:
            raise ConfigError(
                f"speculative_tokens={self.speculative_tokens} and {self.early_exit} exclude each "
                "other; set one of them"
            )

    @property
    def lookahead_tokens(self) -> int:
        """How many tokens a step may run behind the one it chose."""
        return max(self.speculative_tokens, 1 if self.early_exit else 0)
