"""Rows that write, one token each at a time; rows enter and leave between two tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import Slots
from forethought.engines.closing import judge
from forethought.engines.request import Closed, Prefill, Thought
from forethought.engines.sampling import Sampling, choose
from forethought.types import Ending, Grammar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Manner:
    """How rows write: how much, how chosen, and how much repetition is borne.

    A row in a loop is closed after `repeats` rounds; 0 lets it go on.
    """

    budget: int
    sampling: Sampling
    repeats: int = 8


@dataclass(slots=True, eq=False)
class _Row:
    """One row: whose it is, what it wrote, and its own source of chance, if any."""

    key: int
    generator: torch.Generator | None
    written: list[int] = field(default_factory=list)
    ending: Ending | None = None


class Writing:
    """The rows that are open, in step.

    A row closes by feeding its embed token, by itself or forced, and is read at that token
    in the same pass. Greedy tokens and vectors do not depend on which rows are beside it.
    """

    def __init__(
        self, backbone: QwenVL, grammar: Grammar, manner: Manner, *, capacity: int
    ) -> None:
        self._backbone = backbone
        self._grammar = grammar
        self._manner = manner
        self._slots = Slots(capacity)
        self._rows: list[_Row] = []
        self._last: Float[Tensor, "N H"] | None = None
        self._position: Int[Tensor, " N"] | None = None

    @property
    def open(self) -> int:
        """How many rows are writing."""
        return len(self._rows)

    def enter(
        self,
        prefill: Prefill,
        rows: Sequence[int],
        *,
        keys: Sequence[int],
        generators: Sequence[torch.Generator | None] = (),
    ) -> None:
        """Let rows of a prefill begin to write, the same one several times if need be."""
        self._slots.enter(prefill.cache, rows, [prefill.lengths[row] for row in rows])
        chances = generators or [None] * len(rows)
        self._rows += [_Row(key, chance) for key, chance in zip(keys, chances, strict=True)]
        taken = torch.tensor(rows, device=prefill.last.device)
        last, position = prefill.last[taken], prefill.next_position[taken]
        self._last = last if self._last is None else torch.cat([self._last, last])
        self._position = (
            position if self._position is None else torch.cat([self._position, position])
        )

    def step(self, generator: torch.Generator | None = None) -> list[Closed]:
        """Write one token in every row; give back those that closed."""
        tokens = self._choose(generator)
        for row, token in zip(self._rows, tokens, strict=True):
            self._write(row, token)
        hidden = self._extend()
        return self._close(hidden)

    def _choose(self, generator: torch.Generator | None) -> list[int]:
        start = self._grammar.start
        if all(len(row.written) < len(start) for row in self._rows):
            return [start[len(row.written)] for row in self._rows]
        assert self._last is not None  # noqa: S101 - rows are open, so some have entered
        logits = self._backbone.logits(self._last)
        logits[:, list(self._grammar.forbidden)] = -torch.inf
        own = [row.generator for row in self._rows]
        source = own if any(own) else generator
        chosen: list[int] = choose(logits, self._manner.sampling, source).tolist()
        return [
            start[len(row.written)] if len(row.written) < len(start) else token
            for row, token in zip(self._rows, chosen, strict=True)
        ]

    def _write(self, row: _Row, token: int) -> None:
        manner = self._manner
        row.ending = judge(
            row.written, token, grammar=self._grammar, budget=manner.budget, repeats=manner.repeats
        )
        row.written.append(token if row.ending is None else self._grammar.embed_id)

    def _extend(self) -> Float[Tensor, "N H"]:
        assert self._position is not None  # noqa: S101 - rows are open, so some have entered
        self._slots.begin()
        token_ids = self._position.new_tensor([[row.written[-1]] for row in self._rows])
        hidden = self._backbone.extend(token_ids, positions=self._position, cache=self._slots)
        self._position = self._position + 1
        return hidden

    def _close(self, hidden: Float[Tensor, "N H"]) -> list[Closed]:
        order = list(range(len(self._rows)))
        closed = []
        for slot in reversed(range(len(self._rows))):
            row = self._rows[slot]
            if row.ending is None:
                continue
            thought = Thought(tuple(row.written), row.ending)
            closed.append(Closed(row.key, hidden[order[slot]], thought))
            # As the slots do: the last one moves into the gap.
            self._slots.leave(slot)
            _fill(self._rows, slot)
            _fill(order, slot)
        kept = torch.tensor(order, dtype=torch.long, device=hidden.device)
        assert self._position is not None  # noqa: S101 - rows were open
        self._last = hidden if not closed else hidden[kept]
        self._position = self._position if not closed else self._position[kept]
        return closed


def _fill(items: list[Item], gap: int) -> None:
    """Take one item out; the last one moves into its place."""
    last = items.pop()
    if gap < len(items):
        items[gap] = last
