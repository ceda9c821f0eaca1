"""Sequences as one padded batch, with the position of every token spelled out."""

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
    """The tokens that stand for pieces of a picture or video, and how many patches each covers.

    `merge_size` is that number along one side.
    """

    image_id: int
    video_id: int
    merge_size: int


@dataclass(frozen=True, slots=True, eq=False)
class VisionInputs:
    """The patches of every picture, or of every video, and their grids."""

    patches: Float[Tensor, "N C"]
    grids: Int[Tensor, "I 3"]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Token ids, what is padding, M-RoPE positions, and what is shown.

    `positions` is (time, row, column) for each token; text has the three alike. `kinds` is 1
    for a token that stands for a picture, 2 for one of a video, 0 for all else.
    """

    token_ids: Int[Tensor, "B T"]
    mask: Int[Tensor, "B T"]
    positions: Int[Tensor, "3 B T"]
    kinds: Int[Tensor, "B T"]
    images: VisionInputs | None
    videos: VisionInputs | None

    def to(self, device: torch.device) -> "Batch":
        """The same batch on another device."""
        return replace(
            self,
            token_ids=self.token_ids.to(device),
            mask=self.mask.to(device),
            positions=self.positions.to(device),
            kinds=self.kinds.to(device),
            images=_moved(self.images, device),
            videos=_moved(self.videos, device),
        )


def collate(
    sequences: Sequence[tuple[int, ...]],
    pictures: Sequence[Sequence[Patches]],
    *,
    side: Literal["left", "right"],
    placeholders: PlaceholderTokens,
    pad_id: int,
) -> Batch:
    """Pad sequences to one length: on the left to go on writing, on the right to train."""
    length = max(map(len, sequences))
    token_ids = np.full((len(sequences), length), pad_id)
    mask = np.zeros((len(sequences), length), dtype=np.int64)
    positions = np.zeros((3, len(sequences), length), dtype=np.int64)
    kinds = np.zeros((len(sequences), length), dtype=np.int64)
    for row, (ids, shown) in enumerate(zip(sequences, pictures, strict=True)):
        at = slice(length - len(ids), length) if side == "left" else slice(0, len(ids))
        token_ids[row, at] = ids
        mask[row, at] = 1
        positions[:, row, at], kinds[row, at] = mrope_positions(
            ids, shown, placeholders=placeholders
        )
    every = [patches for shown in pictures for patches in shown]
    return Batch(
        torch.from_numpy(token_ids),
        torch.from_numpy(mask),
        torch.from_numpy(positions),
        torch.from_numpy(kinds),
        gathered([patches for patches in every if not patches.is_video]),
        gathered([patches for patches in every if patches.is_video]),
    )


def mrope_positions(
    token_ids: Sequence[int], shown: Sequence[Patches], *, placeholders: PlaceholderTokens
) -> tuple[Int[np.ndarray, "3 T"], Int[np.ndarray, " T"]]:
    """Place each token in time, row and column (Qwen2-VL, arXiv 2409.12191, section 2.1).

    Text counts up by one in all three. A picture's tokens share their start in time and
    spread over rows and columns; those of a video's frames stand `time_step` apart in time. Text
    goes on after the longer side of the grid, as the stock networks have it. Computed for
    each request, never read from `rope_deltas`, which the last call of anyone overwrites.

    The second answer is the kind of each token, as `Batch` has it. A placeholder that no
    picture owns, in what a model wrote, is text.
    """
    ids = np.asarray(token_ids)
    positions = np.empty((3, len(ids)), dtype=np.int64)
    kinds = np.zeros(len(ids), dtype=np.int64)
    at = start = 0
    for patches in shown:
        mark = placeholders.video_id if patches.is_video else placeholders.image_id
        for frames, rows, columns in patches.runs:
            first = at + int(np.argmax(ids[at:] == mark))
            start = _count(positions[:, at:first], start)
            shape = (frames, rows // placeholders.merge_size, columns // placeholders.merge_size)
            at = first + int(np.prod(shape))
            kinds[first:at] = 2 if patches.is_video else 1
            if not patches.has_grid_positions:
                start = _count(positions[:, first:at], start)
                continue
            places = np.indices(shape).reshape(3, -1)
            places[0] = (places[0] * patches.time_step).astype(np.int64)
            positions[:, first:at] = places + start
            start += max(shape[1:])
    _count(positions[:, at:], start)
    return positions, kinds


def _count(positions: Int[np.ndarray, "3 S"], start: int) -> int:
    end = start + int(positions.shape[1])
    positions[:] = np.arange(start, end)
    return end


def gathered(every: Sequence[Patches]) -> VisionInputs | None:
    """Patches of several pictures, or of several videos, as one; None of none."""
    if not every:
        return None
    values = np.concatenate([patches.values for patches in every])
    return VisionInputs(torch.from_numpy(values), torch.tensor([patches.grid for patches in every]))


def _moved(seen: VisionInputs | None, device: torch.device) -> VisionInputs | None:
    return seen and VisionInputs(seen.patches.to(device), seen.grids.to(device))
