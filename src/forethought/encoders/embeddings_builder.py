"""Embeddings in input order, from rows that finish in any order."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from forethought.encoders.encode_row import EncodeRow
from forethought.types import Embeddings, Mode, Rationale


class EmbeddingsBuilder:
    """Collects results by input index; an input without one stays skipped, its vector NaN."""

    def __init__(self, count: int, dimension: int) -> None:
        self._vectors = np.full((count, dimension), np.nan, dtype=np.float32)
        self._rationales: list[Rationale | None] = [None] * count
        self._mode = [Mode.SKIPPED] * count
        self._tokens = np.zeros(count, dtype=np.int64)
        self._gate = np.full(count, np.nan, dtype=np.float32)
        self._errors: list[str | None] = [None] * count

    def add(self, rows: Sequence[EncodeRow]) -> None:
        """Take finished rows; their states are normalised to unit length in float32."""
        states = [row.state.float() for row in rows if row.state is not None]
        if states:
            vectors = F.normalize(torch.stack(states), dim=-1).cpu().numpy()
            self._vectors[[row.index for row in rows]] = vectors
        for row in rows:
            self._rationales[row.index] = row.rationale
            self._mode[row.index] = Mode.THOUGHT if row.rationale else Mode.DIRECT
            self._tokens[row.index] = len(row.token_ids)
            self._gate[row.index] = row.gate

    def skip(self, errors: Mapping[int, str]) -> None:
        """Take the reasons of skipped inputs."""
        for index, error in errors.items():
            self._errors[index] = error

    def build(self) -> Embeddings:
        """The embeddings of all inputs."""
        return Embeddings(
            vectors=self._vectors,
            rationales=tuple(self._rationales),
            mode=tuple(self._mode),
            tokens=self._tokens,
            gate=self._gate,
            errors=tuple(self._errors),
        )
