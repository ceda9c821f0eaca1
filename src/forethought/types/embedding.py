"""Vectors, with what was thought on the way to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float, Int

from forethought.types.rationale import Rationale


class Mode(StrEnum):
    """Which road an input took to its vector."""

    DIRECT = "direct"
    """One pass over the prompt."""
    THOUGHT = "thought"
    """A rationale first."""
    SKIPPED = "skipped"
    """None: it could not be read, and the caller asked to go on."""


class Think(StrEnum):
    """The caller's budget knob."""

    NEVER = "never"
    """Every vector is direct."""
    ALWAYS = "always"
    """Every vector comes after a rationale."""
    AUTO = "auto"
    """The model's gate decides for each input."""


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """One unit vector an input, its rationale if it has one, and its price.

    `tokens` counts what was decoded for each input; 0 for a direct vector. `gate` is the
    gate's probability that a rationale pays, NaN where no gate was asked. `errors` says why
    an input was skipped; its vector is NaN.
    """

    vectors: Float[np.ndarray, "N D"]
    rationales: tuple[Rationale | None, ...]
    mode: tuple[Mode, ...]
    tokens: Int[np.ndarray, " N"]
    gate: Float[np.ndarray, " N"]
    errors: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        if not self.errors:
            object.__setattr__(self, "errors", (None,) * len(self.vectors))

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def dimension(self) -> int:
        """How long each vector is."""
        return int(self.vectors.shape[1])


def concatenate(parts: Sequence[Embeddings]) -> Embeddings:
    """Stack embeddings in order; at least one part."""
    return Embeddings(
        vectors=np.concatenate([part.vectors for part in parts]),
        rationales=tuple(rationale for part in parts for rationale in part.rationales),
        mode=tuple(mode for part in parts for mode in part.mode),
        tokens=np.concatenate([part.tokens for part in parts]),
        gate=np.concatenate([part.gate for part in parts]),
        errors=tuple(error for part in parts for error in part.errors),
    )
