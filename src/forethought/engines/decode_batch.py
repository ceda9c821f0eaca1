"""Rows that write, one token each at a time; rows enter and leave between two tokens."""

from collections.abc import Collection, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.decode_step import DecodeStep
from forethought.engines.graphs import Graphs, graphs_for
from forethought.engines.request import Completion, FinishedRow, Prefill
from forethought.engines.row_state import RowState
from forethought.engines.stopping import ENDINGS
from forethought.types import CompletionFormat


class DecodeBatch:
    """The rows that are open, in step.

    A row closes by feeding its embed token, by itself or forced, and is read at that token
    in the same pass. Tokens and vectors do not depend on which rows are beside it. There are
    as many as there are `slots`, which must be as roomy as `room_for` says.
    """

    def __init__(
        self,
        backbone: QwenVL,
        completion_format: CompletionFormat,
        decode_options: DecodeOptions,
        *,
        slots: KVCache,
    ) -> None:
        self.decode_options, self.rows, self.room = decode_options, slots.rows, slots.room
        self._writer = DecodeStep(backbone, completion_format, decode_options)
        self._slots = slots
        self._graphs: Graphs = graphs_for(backbone.devices)
        self._state: RowState | None = None
        self._keys: list[int] = []
        self._ends: list[int] = []
        self._counts: list[int] = []
        self._unseen = 0

    @property
    def open(self) -> int:
        """How many rows are writing."""
        return len(self._keys)

    def enter(
        self,
        prefill: Prefill,
        rows: Sequence[int],
        *,
        keys: Sequence[int],
        uniform_draws: Float[Tensor, "N B"] | None = None,
    ) -> None:
        """Let rows of a prefill begin to write, the same one several times if need be.

        `uniform_draws` are the numbers that draw each row's tokens; greedy rows need none.
        """
        first, ends = self.open, [prefill.lengths[row] for row in rows]
        self._slots.enter(prefill.cache, rows, first=first, width=max(ends))
        new = self._new(prefill, rows, uniform_draws)
        if self._state is None:
            self._state = RowState.unused(
                self.rows, room=self.room, draws=new.uniform_draws.shape[1], states=prefill.last
            )
        self._state.fill(first, new)
        self._keys += keys
        self._ends += ends
        self._counts += [0] * len(rows)

    def step(self) -> list[FinishedRow]:
        """Write one token in every row, or more; give back the rows that closed."""
        assert self._state is not None  # noqa: S101 - rows are open, so some have entered
        every = self.decode_options.early_exit.every if self.decode_options.early_exit else 0
        looks = any(every and (count + 1) % every == 0 for count in self._counts)
        width = max(self._ends) + 1 + (1 if looks else self.decode_options.speculative_tokens)
        width = self._graphs.width(width, most=self.room)
        count = self._graphs.rows(self.open, most=self.rows)
        self._slots.reach(width)
        rows = self._state.part(0, count)
        self._graphs.run(
            (count, width, looks),
            lambda: self._writer.advance(rows, self._slots, width=width, looks=looks),
        )
        # At most: where guesses were wrong, what is known is put right below.
        self._ends = [end + 1 + self.decode_options.speculative_tokens for end in self._ends]
        self._counts = [count + 1 for count in self._counts]
        self._unseen += 1
        return self._close() if self._unseen >= self._graphs.sync_interval else []

    def drop(self, keys: Collection[int]) -> None:
        """Let rows go without an answer."""
        kept = [slot for slot, key in enumerate(self._keys) if key not in keys]
        if len(kept) < self.open:
            self._keep(kept)

    def _new(
        self, prefill: Prefill, rows: Sequence[int], uniform_draws: Float[Tensor, "N B"] | None
    ) -> RowState:
        draws = uniform_draws.shape[1] if uniform_draws is not None else 1
        new = RowState.unused(len(rows), room=self.room, draws=draws, states=prefill.last)
        taken = torch.tensor(rows, device=prefill.last.device)
        lengths = torch.tensor(prefill.lengths, device=taken.device)[taken]
        if self.decode_options.speculative_tokens:
            for place, row in enumerate(rows):
                ids = torch.tensor(prefill.token_ids[row])
                new.history[place, : len(ids)] = ids
        new.starts.copy_(lengths)
        new.lengths.copy_(lengths)
        new.positions.copy_(prefill.next_position[taken])
        new.last.copy_(prefill.last[taken])
        if uniform_draws is not None:
            new.uniform_draws.copy_(uniform_draws)
        new.done.fill_(value=False)
        return new

    def _close(self) -> list[FinishedRow]:
        """Look which rows are done; their places go to the last ones."""
        assert self._state is not None  # noqa: S101 - rows are open, so some have entered
        self._unseen = 0
        state = self._state.part(0, self.open)
        done = state.done.tolist()
        if self.decode_options.speculative_tokens:
            self._ends = state.lengths.tolist()
        if not any(done):
            return []
        slots = [slot for slot, is_done in enumerate(done) if is_done]
        taken = torch.tensor(slots, device=state.done.device)
        spans = zip(
            slots,
            state.history[taken].tolist(),
            state.starts[taken].tolist(),
            state.lengths[taken].tolist(),
            state.endings[taken].tolist(),
            # A copy: the places go to other rows.
            state.vectors[taken].unbind(0),
            strict=True,
        )
        closed = [
            FinishedRow(
                self._keys[slot], vector, Completion(tuple(history[start:end]), ENDINGS[code])
            )
            for slot, history, start, end, code, vector in spans
        ]
        self._keep([slot for slot, is_done in enumerate(done) if not is_done])
        return closed

    def _keep(self, kept: Sequence[int]) -> None:
        """Go on with some rows: those behind the last place move into the gaps."""
        assert self._state is not None  # noqa: S101 - rows are open, so some have entered
        order = [slot for slot in kept if slot < len(kept)]
        movers = [slot for slot in kept if slot >= len(kept)]
        gaps = sorted(set(range(len(kept))) - set(order))
        for gap, slot in zip(gaps, movers, strict=True):
            order.insert(gap, slot)
        self._slots.move(list(zip(movers, gaps, strict=True)), width=max(self._ends))
        self._state.keep(order, count=self.open)
        for told in (self._keys, self._ends, self._counts):
            told[:] = [told[slot] for slot in order]


def room_for(longest: int, decode_options: DecodeOptions) -> int:
    """The places a row may need whose prompt has `longest` tokens.

    Its tokens, the embed token, what a pass reads ahead, and one that is never kept: a row
    that is done still stands in the passes until it is seen to be.
    """
    return longest + decode_options.budget + 2 + decode_options.lookahead
