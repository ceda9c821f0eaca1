"""Keys and values of the rows that decode, of fixed size so that a CUDA graph stays valid."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import PrefillCache

CHUNK = 64
"""The cache is zeroed this many positions at a time, as the longest row reaches them."""


class KVCache:
    """Keys and values of `rows` rows of `max_length` tokens, which come and go independently.

    The rows in use are always the first ones, so attention reads a view. Every row starts at
    position 0, so rows of different lengths need no padding. Memory is allocated once, before
    the first step.
    """

    def __init__(self, rows: int, max_length: int, *, dtype: str | None = None) -> None:
        self.rows = rows
        self.max_length = max_length
        self.initialized = 0
        """Positions before this one hold defined numbers in every row."""
        self._dtype: torch.dtype | None = getattr(torch, dtype) if dtype else None
        self._layers: list[Float[Tensor, "2 R K P D"]] = []

    def insert(
        self, prefill: PrefillCache | None, rows: Sequence[int], *, first: int, width: int
    ) -> None:
        """Copy rows of a prefill, which is padded on the right, to the rows from `first` on.

        Raises:
            ValueError: if the prefill has no cache.
        """
        if prefill is None:
            raise ValueError("this prefill has no cache: run it with keep_cache=True to decode")
        if not self._layers:
            self._layers = [self._empty(keys) for keys, _ in prefill.layers]
        self.initialize(width)
        end = first + len(rows)
        for stored, (keys, values) in zip(self._layers, prefill.layers, strict=True):
            index = torch.tensor(rows, device=stored.device)
            stored[0, first:end, :, :width] = keys[index, :, :width]
            stored[1, first:end, :, :width] = values[index, :, :width]

    def move(self, moves: Sequence[tuple[int, int]], *, width: int) -> None:
        """Copy rows, given as (from, to), up to position `width`."""
        for source, target in moves:
            for stored in self._layers:
                stored[:, target, :, :width] = stored[:, source, :, :width]

    def view(self, lengths: Int[Tensor, " N"], *, count: int, width: int) -> "CacheView":
        """The first N rows up to position `width`, for a pass of `count` new tokens a row."""
        positions = lengths[:, None] + torch.arange(count, device=lengths.device)
        rows = torch.arange(len(lengths), device=lengths.device)[:, None]
        return CacheView(self._layers, rows, positions, width)

    def as_prefill(self) -> PrefillCache:
        """All rows as the cache of a prefill, without a copy."""
        return PrefillCache([(stored[0], stored[1]) for stored in self._layers])

    def initialize(self, width: int) -> None:
        """Zero the positions before `width` that were never used.

        Attention multiplies masked positions by zero, so a NaN in undefined memory would spread.
        On a CPU, positions that are not reached take no physical memory.
        """
        if width <= self.initialized:
            return
        end = min(self.max_length, max(width, self.initialized + CHUNK))
        for stored in self._layers:
            stored[:, :, :, self.initialized : end] = 0
        self.initialized = end

    def _empty(self, keys: Float[Tensor, "B K T D"]) -> Float[Tensor, "2 R K P D"]:
        _, heads, _, size = keys.shape
        return keys.new_empty(2, self.rows, heads, self.max_length, size, dtype=self._dtype)


@dataclass(frozen=True, slots=True, eq=False)
class CacheView:
    """The cache as one pass sees it: new tokens go to `rows` at `positions`."""

    layers: Sequence[Float[Tensor, "2 R K P D"]]
    rows: Int[Tensor, "N 1"]
    positions: Int[Tensor, "N C"]
    width: int

    def update(
        self, layer: int, keys: Float[Tensor, "N C K D"], values: Float[Tensor, "N C K D"]
    ) -> tuple[Float[Tensor, "N K W D"], Float[Tensor, "N K W D"]]:
        """Store each row's new keys and values; return those of all rows up to `width`."""
        stored = self.layers[layer][:, : len(self.positions)]
        rows, positions = self.rows.to(stored.device), self.positions.to(stored.device)
        # Under autocast keys and values have different dtypes.
        stored[0][rows, :, positions] = keys.to(stored.dtype)
        stored[1][rows, :, positions] = values.to(stored.dtype)
        return stored[0, :, :, : self.width], stored[1, :, :, : self.width]

    def mask(self, dtype: torch.dtype) -> Float[Tensor, "N 1 C W"]:
        """Additive causal mask of the new tokens."""
        cached = torch.arange(self.width, device=self.positions.device)
        is_hidden = cached > self.positions[..., None]
        scores = torch.zeros(is_hidden.shape, dtype=dtype, device=self.positions.device)
        return scores.masked_fill(is_hidden, torch.finfo(dtype).min)[:, None]
