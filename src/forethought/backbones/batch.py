"""Sequences as one padded batch, with the position of every token spelled out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.types import Patches


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Token ids, what is padding, M-RoPE positions, and the patches of every picture.

    `positions` is (time, row, column) for each token; text has the three alike.
    `images` marks the tokens that stand for a picture.
    """

    token_ids: Int[Tensor, "B T"]
    mask: Int[Tensor, "B T"]
    positions: Int[Tensor, "3 B T"]
    images: Bool[Tensor, "B T"]
    patches: Float[Tensor, "N C"] | None
    grids: Int[Tensor, "I 3"] | None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return Batch(
            self.token_ids.to(device),
            self.mask.to(device),
            self.positions.to(device),
            self.images.to(device),
            None if self.patches is None else self.patches.to(device),
            None if self.grids is None else self.grids.to(device),
        )


def collate(
    sequences: Sequence[tuple[int, ...]],
    pictures: Sequence[Sequence[Patches]],
    *,
    side: Literal["left", "right"],
    image_id: int,
    pad_id: int,
    merge_size: int,
) -> Batch:
    """Pad sequences to one length: on the left to go on writing, on the right to train."""
    length = max(map(len, sequences))
    token_ids = np.full((len(sequences), length), pad_id)
    mask = np.zeros((len(sequences), length), dtype=np.int64)
    positions = np.zeros((3, len(sequences), length), dtype=np.int64)
    for row, (ids, shown) in enumerate(zip(sequences, pictures, strict=True)):
        at = slice(length - len(ids), length) if side == "left" else slice(0, len(ids))
        token_ids[row, at] = ids
        mask[row, at] = 1
        positions[:, row, at] = mrope_positions(
            ids, [patches.grid for patches in shown], image_id=image_id, merge_size=merge_size
        )
    every = [patches for shown in pictures for patches in shown]
    return Batch(
        torch.from_numpy(token_ids),
        torch.from_numpy(mask),
        torch.from_numpy(positions),
        torch.from_numpy((token_ids == image_id) & (mask == 1)),
        torch.from_numpy(np.concatenate([p.values for p in every])) if every else None,
        torch.tensor([p.grid for p in every]) if every else None,
    )


def mrope_positions(
    token_ids: Sequence[int],
    grids: Sequence[tuple[int, int, int]],
    *,
    image_id: int,
    merge_size: int,
) -> Int[np.ndarray, "3 T"]:
    """Place each token in time, row and column (Qwen2-VL, arXiv 2409.12191, section 2.1).

    Text counts up by one in all three; a picture's tokens share their start in time and
    spread over rows and columns; text goes on after the largest of them. Computed for each
    request, never read from `rope_deltas`, which the last call of anyone overwrites.
    """
    ids = np.asarray(token_ids)
    positions = np.empty((3, len(ids)), dtype=np.int64)
    at = start = 0
    for frames, rows, columns in grids:
        first = at + int(np.argmax(ids[at:] == image_id))
        start = _count(positions[:, at:first], start)
        shape = (frames, rows // merge_size, columns // merge_size)
        at = first + int(np.prod(shape))
        positions[:, first:at] = np.indices(shape).reshape(3, -1) + start
        start += max(shape)
    _count(positions[:, at:], start)
    return positions


def _count(positions: Int[np.ndarray, "3 S"], start: int) -> int:
    end = start + int(positions.shape[1])
    positions[:] = np.arange(start, end)
    return end
