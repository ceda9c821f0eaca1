"""One `encode` call after its inputs are rendered: cache lookup, engine, one pass, cache update."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from forethought.encoders.encode_row import EncodeRow
from forethought.encoders.gate import Gate
from forethought.encoders.rationale_cache import RationaleCacheView
from forethought.engines import (
    DecodeOptions,
    Engine,
    Prefill,
    RequestOutput,
    teacher_force,
    teacher_force_prefill,
)
from forethought.renderers import Renderer
from forethought.types import Think


@dataclass(frozen=True, slots=True, eq=False)
class EncodeSession:
    """Computes the states of rows: direct, after a new rationale, or after a stored one.

    A stored rationale is read in one pass and never decoded: together with its prompt, or,
    where the gate has to see the prompt first, behind the prefill's keys and values. New
    rationales are stored after each batch, so a killed process loses at most one batch.
    """

    engine: Engine
    renderer: Renderer
    gate: Gate | None
    decode_options: DecodeOptions
    think: Think
    cache: RationaleCacheView | None
    batch_size: int

    def run(self, rows: Sequence[EncodeRow]) -> Iterator[list[EncodeRow]]:
        """Fill in every row; yields them as they finish, a batch at a time.

        Raises:
            ModelError: if a prompt and its stored rationale exceed the context.
        """
        if self.cache:
            self.cache.lookup(rows)
        # Without a gate, a stored rationale is read together with its prompt: no prefill.
        stored = [row for row in rows if row.cached and self.think is Think.ALWAYS]
        fresh = [row for row in rows if not (row.cached and self.think is Think.ALWAYS)]
        outputs = self.engine.run(
            [row.prompt for row in fresh],
            decide=partial(self._decide, fresh),
            decode_options=None if self.think is Think.NEVER else self.decode_options,
            rows=self.batch_size,
        )
        while batch := list(islice(outputs, self.batch_size)):
            yield self._finish([self._receive(fresh[output.index], output) for output in batch])
        if stored:
            yield self._finish(stored)

    def _decide(
        self, fresh: Sequence[EncodeRow], prefill: Prefill, group: Sequence[int]
    ) -> tuple[list[int], list[float]]:
        """Choose which rows of a prefill are decoded; see `engines.Decide`.

        A row that the gate lets think and whose rationale is stored is read here, while the
        prefill's keys and values exist, and not decoded.
        """
        every = range(len(group))
        if self.think is not Think.AUTO or self.gate is None:
            return list(every if self.think is Think.ALWAYS else ()), [math.nan] * len(group)
        rows = [fresh[index] for index in group]
        gates: list[float] = self.gate(prefill).tolist()
        thinking = [position for position in every if gates[position] >= self.gate.threshold]
        for position in {*every} - {*thinking}:
            rows[position].cached = None
        self._read_behind(prefill, {p: rows[p] for p in thinking if rows[p].cached})
        return [position for position in thinking if not rows[position].cached], gates

    def _read_behind(self, prefill: Prefill, rows: dict[int, EncodeRow]) -> None:
        """Read stored completions behind their prompts, by position in the prefill."""
        if not rows or prefill.cache is None:
            return
        completions = [row.cached.token_ids for row in rows.values() if row.cached]
        states = teacher_force_prefill(
            self.engine.backbone, prefill, rows=[*rows], completions=completions
        )
        for row, state in zip(rows.values(), states, strict=True):
            row.state = state

    def _receive(self, row: EncodeRow, output: RequestOutput) -> EncodeRow:
        """Copy the engine's output into its row; a stored rationale has no output."""
        row.gate = output.gate
        if row.cached:
            return row
        if output.completions:
            completion = output.completions[0]
            row.state, row.token_ids = output.vectors[0], completion.token_ids
            row.rationale = self.renderer.read(completion.token_ids, ending=completion.ending)
        else:
            row.state = output.direct
        return row

    def _finish(self, rows: list[EncodeRow]) -> list[EncodeRow]:
        """Read what is stored and not yet read, and update the cache."""
        unread = [row for row in rows if row.state is None]
        if unread:
            states = teacher_force(
                self.engine.backbone,
                [row.prompt for row in unread],
                [row.cached.token_ids for row in unread if row.cached],
                pad_id=self.engine.pad_id,
                limits=self.engine.limits,
            )
            for row, state in zip(unread, states, strict=True):
                row.state = state
        for row in rows:
            if row.cached:
                row.rationale = row.cached.rationale
        if self.cache:
            self.cache.update(rows)
        return rows
