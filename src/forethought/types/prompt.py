"""A message as tokens, ready for a backbone."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """One picture as a backbone takes it: flattened patches and their grid.

    `grid` is (frames, rows, columns) of patches before merging.
    """

    values: Float[np.ndarray, "N C"]
    grid: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids with the pictures they point at, and where the direct vector is read.

    `read_at` is the index of the direct embed token in `token_ids`.
    """

    token_ids: tuple[int, ...]
    pictures: tuple[Patches, ...]
    read_at: int
