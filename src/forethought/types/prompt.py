"""The input of a backbone: token ids and image patches, and the format of completions."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True, slots=True, eq=False)
class Patches:
    """A picture or a video as flattened patches and their grid.

    For a network with a frozen vision encoder, `values` may be features of the patches that it
    computed before. `grid` is (frames, rows, columns) of patches before merging. `seconds` (video only) are the
    times of frames, for backbones that take time as text: each frame is then a run of tokens
    of its own. `time_step` (video only) is the distance of two frames in M-RoPE time positions,
    for backbones that take time by position. Without `has_grid_positions`, tokens have
    consecutive positions, as text has, instead of rows and columns.
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
    """Token ids, with the patches of their image and video placeholders, in order.

    The direct vector is read at `token_ids[read_at]`. A completion continues
    `token_ids[:write_at]`: a token at `write_at` is there for the direct vector alone.
    """

    token_ids: tuple[int, ...]
    pictures: tuple[Patches, ...]
    read_at: int
    write_at: int

    @property
    def prefix_ids(self) -> tuple[int, ...]:
        """The tokens that a completion continues."""
        return self.token_ids[: self.write_at]


@dataclass(frozen=True, slots=True)
class CompletionFormat:
    """The token ids that an engine needs to decode completions of one family.

    The vector is read at the first `embed_id` of a completion. `start` begins every completion,
    in place of the model's own choice. Each of `end_ids` ends a turn without a vector. Tokens in
    `forbidden` are never sampled.
    """

    embed_id: int
    start: tuple[int, ...]
    end_ids: tuple[int, ...]
    forbidden: tuple[int, ...]
