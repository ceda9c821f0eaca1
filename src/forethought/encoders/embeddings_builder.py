"""Embeddings in input order, from states that arrive in any order."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from forethought.errors import ContentError
from forethought.types import Embeddings, Mode, Provenance, Rationale


class EmbeddingsBuilder:
    """Collects results by input index; an input without one stays skipped, its vector NaN.

    An input without a vector raises a `ContentError` that names its index; with `skip_errors`
    it is skipped with the reason.
    """

    def __init__(self, count: int, dimension: int, *, skip_errors: bool = False) -> None:
        self._vectors = np.full((count, dimension), np.nan, dtype=np.float32)
        self._rationales: list[Rationale | None] = [None] * count
        self._mode = [Mode.SKIPPED] * count
        self._tokens = np.zeros(count, dtype=np.int64)
        self._gate = np.full(count, np.nan, dtype=np.float32)
        self._errors: list[str | None] = [None] * count
        self._instructions: dict[str, None] = {}
        self._skip_errors = skip_errors

    def add_states(self, indices: Sequence[int], states: Float[Tensor, "N H"]) -> None:
        """Normalise states to unit length in float32; their inputs count as direct.

        Raises:
            ContentError: if a state is zero or not finite, unless errors are skipped.
        """
        vectors = F.normalize(states.float(), dim=-1).cpu().numpy()
        for index, vector in zip(indices, vectors, strict=True):
            length = float(np.linalg.norm(vector))
            if math.isfinite(length) and length > 0:
                self._vectors[index] = vector
                self._mode[index] = Mode.DIRECT
            else:
                self.skip(index, _NO_DIRECTION)

    def add_rationale(self, index: int, rationale: Rationale, *, tokens: int) -> None:
        """Take what the vector of an input was read after; `tokens` were decoded for it."""
        if self._mode[index] is not Mode.SKIPPED:
            self._mode[index] = Mode.THOUGHT
            self._rationales[index] = rationale
            self._tokens[index] = tokens

    def add_gate(self, index: int, probability: float) -> None:
        """Take the gate's probability; NaN where there is none."""
        self._gate[index] = probability

    def add_instructions(self, instructions: Sequence[str]) -> None:
        """Take instructions that were used."""
        self._instructions |= dict.fromkeys(instructions)

    def skip(self, index: int, reason: str) -> None:
        """Take the reason why an input has no vector.

        Raises:
            ContentError: unless errors are skipped.
        """
        if not self._skip_errors:
            raise ContentError(f"input {index}: {reason}")
        self._errors[index] = reason

    def build(self, provenance: Provenance) -> Embeddings:
        """The embeddings of all inputs; `provenance` gets the instructions that were used."""
        return Embeddings(
            vectors=self._vectors,
            rationales=tuple(self._rationales),
            mode=tuple(self._mode),
            tokens=self._tokens,
            gate=self._gate,
            errors=tuple(self._errors),
            provenance=replace(provenance, instructions=tuple(self._instructions)),
        )


_NO_DIRECTION = (
    "the network's state is zero or not finite, so it has no direction; load with dtype='float32' "
    "if the precision is lower, and check the weights with `forethought doctor`"
)
