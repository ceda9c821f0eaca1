"""Token sequences and their pixels as one padded batch with explicit M-RoPE positions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.types import Patches


@dataclass(frozen=True, slots=True)
class PlaceholderTokens:
    """The tokens whose embeddings are replaced by image or video features.

    One token covers `merge_size` x `merge_size` patches.
    """

    image_id: int
    video_id: int
    merge_size: int


@dataclass(frozen=True, slots=True, eq=False)
class VisionInputs:
    """The patches of several images, or of several videos, and the grid of each."""

    patches: Float[Tensor, "N C"]
    grids: Int[Tensor, "I 3"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The inputs of one forward pass.

    `mask` is 0 on padding. `positions` is (time, row, column) for each token, three equal
    numbers for text. `token_types` is 1 for an image's placeholder, 2 for a video's, else 0.
    """

    token_ids: Int[Tensor, "B T"]
    mask: Int[Tensor, "B T"]
    positions: Int[Tensor, "3 B T"]
    token_types: Int[Tensor, "B T"]
    images: VisionInputs | None
    videos: VisionInputs | None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return replace(
            self,
            token_ids=self.token_ids.to(device),
            mask=self.mask.to(device),
            positions=self.positions.to(device),
            token_types=self.token_types.to(device),
            images=_to(self.images, device),
            videos=_to(self.videos, device),
        )


def collate(
    sequences: Sequence[tuple[int, ...]],
    pictures: Sequence[Sequence[Patches]],
    *,
    side: Literal["left", "right"],
    placeholders: PlaceholderTokens,
    pad_id: int,
) -> Batch:
    """Pad sequences to the length of the longest, on the left or the right `side`."""
    length = max(map(len, sequences))
    token_ids = np.full((len(sequences), length), pad_id)
    mask = np.zeros((len(sequences), length), dtype=np.int64)
    positions = np.zeros((3, len(sequences), length), dtype=np.int64)
    token_types = np.zeros((len(sequences), length), dtype=np.int64)
    for row, (ids, media) in enumerate(zip(sequences, pictures, strict=True)):
        span = slice(length - len(ids), length) if side == "left" else slice(0, len(ids))
        token_ids[row, span] = ids
        mask[row, span] = 1
        positions[:, row, span], token_types[row, span] = mrope_positions(
            ids, media, placeholders=placeholders
        )
    flat = [patches for media in pictures for patches in media]
    return Batch(
        torch.from_numpy(token_ids),
        torch.from_numpy(mask),
        torch.from_numpy(positions),
        torch.from_numpy(token_types),
        vision_inputs([patches for patches in flat if not patches.is_video]),
        vision_inputs([patches for patches in flat if patches.is_video]),
    )


def mrope_positions(
    token_ids: Sequence[int], media: Sequence[Patches], *, placeholders: PlaceholderTokens
) -> tuple[Int[np.ndarray, "3 T"], Int[np.ndarray, " T"]]:
    """Position of each token in time, row and column (Qwen2-VL, arXiv 2409.12191, section 2.1).

    Text counts up by one on all three axes. The tokens of an image share one time and spread
    over rows and columns; the frames of a video are `time_step` apart in time. The text after it
    continues behind the longer side of the grid, as in the stock networks. Computed for each
    request, never read from `rope_deltas`, which every call on the network overwrites.

    Also returns `Batch.token_types`. A placeholder token that belongs to no image, as in a
    completion, is text.
    """
    ids = np.asarray(token_ids)
    positions = np.empty((3, len(ids)), dtype=np.int64)
    token_types = np.zeros(len(ids), dtype=np.int64)
    index = start = 0
    for patches in media:
        placeholder = placeholders.video_id if patches.is_video else placeholders.image_id
        for frames, rows, columns in patches.runs:
            first = index + int(np.argmax(ids[index:] == placeholder))
            start = _count_up(positions[:, index:first], start)
            shape = (frames, rows // placeholders.merge_size, columns // placeholders.merge_size)
            index = first + int(np.prod(shape))
            token_types[first:index] = 2 if patches.is_video else 1
            if not patches.has_grid_positions:
                start = _count_up(positions[:, first:index], start)
                continue
            grid = np.indices(shape).reshape(3, -1)
            grid[0] = (grid[0] * patches.time_step).astype(np.int64)
            positions[:, first:index] = grid + start
            start += max(shape[1:])
    _count_up(positions[:, index:], start)
    return positions, token_types


def _count_up(positions: Int[np.ndarray, "3 S"], start: int) -> int:
    end = start + int(positions.shape[1])
    positions[:] = np.arange(start, end)
    return end


def vision_inputs(media: Sequence[Patches]) -> VisionInputs | None:
    """Concatenate the patches of several images, or of several videos; None if there are none."""
    if not media:
        return None
    values = np.concatenate([patches.values for patches in media])
    return VisionInputs(torch.from_numpy(values), torch.tensor([patches.grid for patches in media]))


def _to(inputs: VisionInputs | None, device: torch.device) -> VisionInputs | None:
    return inputs and VisionInputs(inputs.patches.to(device), inputs.grids.to(device))
