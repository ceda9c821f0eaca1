"""Keys and values of the rows that are writing, each row in a slot of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

STRIDE = 64
"""So many places of all slots are cleared at a time, as the longest row reaches them."""


class _Once(DynamicLayer):
    """Keeps what one pass gives as it is; the stock layer copies it, so as to grow."""

    def update(
        self, key_states: Tensor, value_states: Tensor, *_: object, **__: object
    ) -> tuple[Tensor, Tensor]:
        """Take the keys and values of the one pass."""
        if self.is_initialized:
            raise ValueError("this cache is of one pass; go on in slots")
        self.lazy_initialization(key_states, value_states)  # type: ignore[no-untyped-call]
        self.keys, self.values = key_states, value_states
        return key_states, value_states


def cache_of_one_pass(layers: int) -> DynamicCache:
    """A cache for a prefill, from which rows enter slots."""
    cache = DynamicCache()
    cache.layers = [_Once() for _ in range(layers)]  # type: ignore[no-untyped-call]
    return cache


class KVCache:
    """A cache of fixed size whose rows come and go.

    The rows in use are always the first ones, so that attention reads them without a copy. A
    row's tokens start at its slot's first place, so rows of different lengths need no padding
    in common. Nothing is allocated while rows write: what a graph captured stays true.
    """

    def __init__(self, rows: int, room: int, *, precision: str | None = None) -> None:
        self.rows = rows
        self.room = room
        self._dtype: torch.dtype | None = getattr(torch, precision) if precision else None
        self._layers: list[Float[Tensor, "2 R K P D"]] = []
        self.reached = 0

    def enter(
        self, read: DynamicCache | None, rows: Sequence[int], *, first: int, width: int
    ) -> None:
        """Copy rows of a prefill, right-padded there, into the slots from `first` on.

        Raises:
            ValueError: if the prefill kept no cache.
        """
        if read is None:
            raise ValueError("this prefill kept no cache: read with keep_cache=True to go on")
        layers: list[Any] = list(read.layers)
        if not self._layers:
            self._layers = [self._empty(layer.keys) for layer in layers]
        self.reach(width)
        end = first + len(rows)
        for store, layer in zip(self._layers, layers, strict=True):
            taken = torch.tensor(rows, device=store.device)
            store[0, first:end, :, :width] = layer.keys[taken, :, :width]
            store[1, first:end, :, :width] = layer.values[taken, :, :width]

    def move(self, moves: Sequence[tuple[int, int]], *, width: int) -> None:
        """Copy slots, as (from, to), as far as the longest row goes."""
        for source, target in moves:
            for store in self._layers:
                store[:, target, :, :width] = store[:, source, :, :width]

    def window(self, lengths: Int[Tensor, " N"], *, count: int, width: int) -> "CacheView":
        """The first slots, to be read and written by one pass of `count` new tokens a row."""
        at = lengths[:, None] + torch.arange(count, device=lengths.device)
        rows = torch.arange(len(lengths), device=lengths.device)[:, None]
        return CacheView(self._layers, rows, at, width)

    def _empty(self, keys: Float[Tensor, "B K T D"]) -> Float[Tensor, "2 R K P D"]:
        _, heads, _, size = keys.shape
        return keys.new_empty(2, self.rows, heads, self.room, size, dtype=self._dtype)

    def reach(self, width: int) -> None:
        """Make sure that no row finds an undefined number before place `width`.

        Hidden by a mask or not, a NaN there would spread. On a CPU, places that were never
        reached take no memory either.
        """
        if width <= self.reached:
            return
        end = min(self.room, max(width, self.reached + STRIDE))
        for store in self._layers:
            store[:, :, :, self.reached : end] = 0
        self.reached = end


@dataclass(frozen=True, slots=True, eq=False)
class CacheView:
    """The slots of one pass: new tokens stand in slots `rows` at places `at`."""

    layers: Sequence[Float[Tensor, "2 R K P D"]]
    rows: Int[Tensor, "N 1"]
    at: Int[Tensor, "N C"]
    width: int

    def update(
        self, layer: int, keys: Float[Tensor, "N C K D"], values: Float[Tensor, "N C K D"]
    ) -> tuple[Float[Tensor, "N K W D"], Float[Tensor, "N K W D"]]:
        """Write each row's new tokens behind its own; give all rows, as far as the longest goes."""
        store = self.layers[layer][:, : len(self.at)]
        rows, at = self.rows.to(store.device), self.at.to(store.device)
        # Under autocast keys and values come in different precisions.
        store[0][rows, :, at] = keys.to(store.dtype)
        store[1][rows, :, at] = values.to(store.dtype)
        return store[0, :, :, : self.width], store[1, :, :, : self.width]

    def mask(self, dtype: torch.dtype) -> Float[Tensor, "N 1 C W"]:
        """What each new token may look at, to be added to attention's scores."""
        places = torch.arange(self.width, device=self.at.device)
        hidden = places > self.at[..., None]
        scores = torch.zeros(hidden.shape, dtype=dtype, device=self.at.device)
        return scores.masked_fill(hidden, torch.finfo(dtype).min)[:, None]
