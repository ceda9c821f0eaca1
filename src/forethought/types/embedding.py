"""Vectors, with the rationale of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Float, Int

from forethought.types.rationale import Rationale


class Mode(StrEnum):
    """How the vector of an input was made."""

    DIRECT = "direct"
    """By one pass over the prompt."""
    THOUGHT = "thought"
    """After a rationale."""
    SKIPPED = "skipped"
    """Not at all: the input could not be read, and errors are skipped."""


class Think(StrEnum):
    """Which inputs get a rationale."""

    NEVER = "never"
    """None: every vector is direct."""
    ALWAYS = "always"
    """All."""
    AUTO = "auto"
    """Those for which the model's gate predicts that it pays."""


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """One unit vector an input, with its rationale, if there is one, and its cost.

    `tokens` counts the decoded tokens of each input; 0 for a direct vector. `gate` is the gate's
    probability that a rationale pays, NaN where no gate was used. `errors` holds the reason
    why an input was skipped; its vector is NaN.
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
        """D, the length of a vector."""
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
