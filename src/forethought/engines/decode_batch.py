"""The rows that decode together: they enter and leave between two steps (continuous batching)."""

from collections.abc import Collection, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.decode_state import DecodeState
from forethought.engines.decode_step import DecodeStep
from forethought.engines.graphs import Graphs, graphs_for
from forethought.engines.prefill import Prefill
from forethought.engines.request import Completion, FinishedRow
from forethought.engines.stopping import ENDINGS
from forethought.types import CompletionFormat


class DecodeBatch:
    """Rows that each decode one token, or more, a step.

    A row ends by running its embed token, chosen or forced, and its vector is the hidden state
    there. Tokens and vectors do not depend on the other rows. There are as many rows as `cache`
    has, and they may be as long as its `max_length`, for which see `max_row_length`.
    """

    def __init__(
        self,
        backbone: QwenVL,
        completion_format: CompletionFormat,
        options: DecodeOptions,
        *,
        cache: KVCache,
    ) -> None:
        self.options, self.capacity, self.max_length = options, cache.rows, cache.max_length
        self.graphs: Graphs = graphs_for(backbone.devices)
        self._step = DecodeStep(backbone, completion_format, options)
        self._cache = cache
        self._state: DecodeState | None = None
        # On the host, for each row in use: its key, its maximum length, and its steps.
        self._keys: list[int] = []
        self._ends: list[int] = []
        self._counts: list[int] = []
        self._steps_since_sync = 0

    @property
    def active(self) -> int:
        """How many rows are in use."""
        return len(self._keys)

    def insert(
        self,
        prefill: Prefill,
        rows: Sequence[int],
        *,
        keys: Sequence[int],
        uniform_draws: Float[Tensor, "N B"] | None = None,
    ) -> None:
        """Add rows of a prefill, the same one several times if need be.

        `uniform_draws` sample the tokens of each row; greedy decoding needs none.
        """
        first, ends = self.active, [prefill.lengths[row] for row in rows]
        self._cache.insert(prefill.cache, rows, first=first, width=max(ends))
        new = self._new_rows(prefill, rows, uniform_draws)
        if self._state is None:
            draws = new.uniform_draws.shape[1]
            self._state = DecodeState.empty(
                self.capacity, max_length=self.max_length, draws=draws, like=prefill.last
            )
        self._state.insert(first, new)
        self._keys += keys
        self._ends += ends
        self._counts += [0] * len(rows)

    def step(self) -> list[FinishedRow]:
        """Decode one token in every row, or more; return the rows that ended."""
        assert self._state is not None  # noqa: S101 - set by `insert`
        options = self.options
        every = options.early_exit.every if options.early_exit else 0
        probe = any(every and (count + 1) % every == 0 for count in self._counts)
        width = max(self._ends) + 1 + (1 if probe else options.speculative_tokens)
        width = self.graphs.pad_width(width, most=self.max_length)
        count = self.graphs.pad_rows(self.active, most=self.capacity)
        self._cache.initialize(width)
        state = self._state.first(count)
        self.graphs.run(
            (count, width, probe),
            lambda: self._step.run(state, self._cache, width=width, probe=probe),
        )
        # An upper bound: drafts may have been rejected. `_sync` sets the true lengths.
        self._ends = [end + 1 + options.speculative_tokens for end in self._ends]
        self._counts = [count + 1 for count in self._counts]
        self._steps_since_sync += 1
        return self._sync() if self._steps_since_sync >= self.graphs.sync_interval else []

    def cancel(self, keys: Collection[int]) -> None:
        """Remove rows without a result."""
        remaining = [row for row, key in enumerate(self._keys) if key not in keys]
        if len(remaining) < self.active:
            self._keep(remaining)

    def _new_rows(
        self, prefill: Prefill, rows: Sequence[int], uniform_draws: Float[Tensor, "N B"] | None
    ) -> DecodeState:
        draws = uniform_draws.shape[1] if uniform_draws is not None else 1
        new = DecodeState.empty(
            len(rows), max_length=self.max_length, draws=draws, like=prefill.last
        )
        index = torch.tensor(rows, device=prefill.last.device)
        lengths = torch.tensor(prefill.lengths, device=index.device)[index]
        if self.options.speculative_tokens:
            for new_row, row in enumerate(rows):
                ids = torch.tensor(prefill.token_ids[row])
                new.token_ids[new_row, : len(ids)] = ids
        new.starts.copy_(lengths)
        new.lengths.copy_(lengths)
        new.positions.copy_(prefill.next_position[index])
        new.last.copy_(prefill.last[index])
        if uniform_draws is not None:
            new.uniform_draws.copy_(uniform_draws)
        new.done.fill_(value=False)
        return new

    def _sync(self) -> list[FinishedRow]:
        """Wait for the device; remove and return the rows that are done."""
        assert self._state is not None  # noqa: S101 - set by `insert`
        self._steps_since_sync = 0
        state = self._state.first(self.active)
        done = state.done.tolist()
        if self.options.speculative_tokens:
            self._ends = state.lengths.tolist()
        if not any(done):
            return []
        rows = [row for row, is_done in enumerate(done) if is_done]
        index = torch.tensor(rows, device=state.done.device)
        results = zip(
            rows,
            state.token_ids[index].tolist(),
            state.starts[index].tolist(),
            state.lengths[index].tolist(),
            state.endings[index].tolist(),
            # A copy: other rows are moved here.
            state.vectors[index].unbind(0),
            strict=True,
        )
        finished = [
            FinishedRow(
                self._keys[row], vector, Completion(tuple(token_ids[start:end]), ENDINGS[code])
            )
            for row, token_ids, start, end, code, vector in results
        ]
        self._keep([row for row, is_done in enumerate(done) if not is_done])
        return finished

    def _keep(self, remaining: Sequence[int]) -> None:
        """Remove all rows but `remaining`; the last rows move into the gaps."""
        assert self._state is not None  # noqa: S101 - set by `insert`
        order = [row for row in remaining if row < len(remaining)]
        movers = [row for row in remaining if row >= len(remaining)]
        gaps = sorted(set(range(len(remaining))) - set(order))
        for gap, row in zip(gaps, movers, strict=True):
            order.insert(gap, row)
        self._cache.move(list(zip(movers, gaps, strict=True)), width=max(self._ends))
        self._state.keep(order, count=self.active)
        for values in (self._keys, self._ends, self._counts):
            values[:] = [values[row] for row in order]


def max_row_length(prompt_length: int, options: DecodeOptions) -> int:
    """The cache positions that a row with a prompt of `prompt_length` tokens may need.

    Its budget, the embed token, the lookahead, and one more: a row that is done is still part
    of the steps until the next sync.
    """
    return prompt_length + options.budget + 2 + options.lookahead_tokens
