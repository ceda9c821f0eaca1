"""A message as tokens, ready for a backbone, and what may be written after it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """A picture or a video as a backbone takes it: flattened patches and their grid.

    `grid` is (frames, rows, columns) of patches before merging. Only a video has the rest:
    `seconds`, when each of its frames is shown, for backbones that are told in words (each
    frame is then a run of tokens of its own), and `time_step`, how far apart two frames stand in
    time positions, for backbones that are not. What is without `has_grid_positions` stands in the text like
    words, without rows and columns.
    """

    values: Float[np.ndarray, "N C"]
    grid: tuple[int, int, int]
    is_video: bool = False
    seconds: tuple[float, ...] = ()
    time_step: float = 1.0
    has_grid_positions: bool = True

    @property
    def runs(self) -> tuple[tuple[int, int, int], ...]:
        """The grid of each unbroken run of tokens."""
        frames, rows, columns = self.grid
        return ((1, rows, columns),) * frames if self.seconds else (self.grid,)


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids with the pictures and videos they point at.

    The direct vector is read at `read_at`. A completion goes on before `write_at`: the token
    there, if there is one, serves the direct vector alone.
    """

    token_ids: tuple[int, ...]
    pictures: tuple[Patches, ...]
    read_at: int
    write_at: int

    @property
    def prefix_ids(self) -> tuple[int, ...]:
        """The tokens that a completion goes on from."""
        return self.token_ids[: self.write_at]


@dataclass(frozen=True, slots=True)
class CompletionFormat:
    """What an engine must know of a format to let a model write in it.

    A completion is read at the first `embed_id` it holds and starts with `start`, whatever
    the model would rather say. One of `end_ids` ends a turn that will never embed. No row
    may write a `forbidden` token.
    """

    embed_id: int
    start: tuple[int, ...]
    end_ids: tuple[int, ...]
    forbidden: tuple[int, ...]
