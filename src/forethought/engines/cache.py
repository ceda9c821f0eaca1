"""Keys and values of the rows that are writing, each row in a slot of its own."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import Cache, DynamicCache

STRIDE = 64
"""Slots grow by so many tokens at a time: growing copies, so it must be rare."""


class Slots(Cache):
    """A cache whose rows come and go.

    The rows in use are always the first `count` slots, so that attention reads them without
    a copy; a row that leaves is replaced by the last one. A row's tokens start at its slot's
    first place, so rows of different lengths need no padding in common.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__(layers=[])
        self.capacity = capacity
        self.lengths: list[int] = []
        self._keys: list[Tensor] = []
        self._values: list[Tensor] = []
        self._at: Int[Tensor, " N"] | None = None

    @property
    def count(self) -> int:
        """How many rows are in use."""
        return len(self.lengths)

    def enter(self, read: DynamicCache, rows: Sequence[int], lengths: Sequence[int]) -> None:
        """Give rows of a prefill, right-padded there, the next slots."""
        start = self.count
        self.lengths += lengths
        layers: list[Any] = list(read.layers)
        device = layers[0].keys.device
        taken = torch.tensor(rows, device=device)
        width = max(lengths)
        for index, layer in enumerate(layers):
            if index == len(self._keys):
                _, heads, _, size = layer.keys.shape
                self._keys.append(layer.keys.new_zeros(0, heads, 0, size))
                self._values.append(layer.values.new_zeros(0, heads, 0, size))
            self._grow(index)
            end = self.count
            self._keys[index][start:end, :, :width] = layer.keys[taken, :, :width]
            self._values[index][start:end, :, :width] = layer.values[taken, :, :width]

    def leave(self, slot: int) -> None:
        """Free a slot; the last row moves into it."""
        last = self.lengths.pop()
        if slot == self.count:
            return
        self.lengths[slot] = last
        for keys, values in zip(self._keys, self._values, strict=True):
            keys[slot, :, :last] = keys[self.count, :, :last]
            values[slot, :, :last] = values[self.count, :, :last]

    def begin(self) -> None:
        """Make room for one more token in every row, before the network is run."""
        self._at = torch.tensor(self.lengths, device=self._keys[0].device)
        self.lengths = [length + 1 for length in self.lengths]
        for index in range(len(self._keys)):
            self._grow(index)

    def mask(self, dtype: torch.dtype) -> Float[Tensor, "N 1 1 T"]:
        """What each row may look at, to be added to attention's scores."""
        device = self._keys[0].device
        ends = torch.tensor(self.lengths, device=device)
        hidden = torch.arange(max(self.lengths), device=device)[None] >= ends[:, None]
        scores = torch.zeros(hidden.shape, dtype=dtype, device=device)
        return scores.masked_fill(hidden, torch.finfo(dtype).min)[:, None, None]

    def update(
        self,
        key_states: Tensor,
        value_states: Tensor,
        layer_idx: int,
        *_: object,
        **__: object,
    ) -> tuple[Tensor, Tensor]:
        """Write each row's new token at its end; give all rows, as far as the longest goes."""
        keys, values = self._keys[layer_idx], self._values[layer_idx]
        rows = torch.arange(self.count, device=keys.device)
        # Under autocast keys and values come in different precisions.
        keys[rows, :, self._at] = key_states[:, :, 0].to(keys.dtype)
        values[rows, :, self._at] = value_states[:, :, 0].to(values.dtype)
        width = max(self.lengths)
        return keys[: self.count, :, :width], values[: self.count, :, :width]

    def get_seq_length(self, layer_idx: int = 0) -> int:  # noqa: ARG002 - a Cache's
        """How many tokens the longest row has."""
        return max(self.lengths, default=0)

    def _grow(self, index: int) -> None:
        keys = self._keys[index]
        rows, heads, room, size = keys.shape
        longest = max(self.lengths)
        if self.count <= rows and longest <= room:
            return
        more_rows = max(self.count, rows, self.capacity)
        more_room = max(-(-longest // STRIDE) * STRIDE, room)
        for store in (self._keys, self._values):
            old = store[index]
            new = old.new_zeros(more_rows, heads, more_room, size)
            new[:rows, :, :room] = old
            store[index] = new
