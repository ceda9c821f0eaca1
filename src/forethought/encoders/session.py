"""From prompts to states: look up rationales, run the engine, teacher-force, update the cache."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from jaxtyping import Float
from torch import Tensor

from forethought.encoders.encode_row import EncodeRow
from forethought.encoders.gate import Gate
from forethought.encoders.rationale_cache import RationaleCacheView
from forethought.engines import (
    DecodeOptions,
    Engine,
    Prefill,
    RequestOutput,
    check_fits,
    teacher_force,
    teacher_force_prefill,
)
from forethought.errors import ContentError, ModelError
from forethought.renderers import Renderer
from forethought.types import Think


@dataclass(frozen=True, slots=True, eq=False)
class EncodeSession:
    """Computes the states of rows: direct, after a new rationale, or after a stored one.

    A stored rationale is teacher-forced in one pass and never decoded: together with its prompt,
    or, where the gate needs the prompt's prefill first, behind the keys and values of it. New
    rationales are stored after each batch, so a killed process loses at most one batch.
    """

    engine: Engine
    renderer: Renderer
    gate: Gate | None
    decode_options: DecodeOptions
    think: Think
    cache: RationaleCacheView | None
    batch_size: int
    skip_errors: bool = False

    def run(self, rows: Sequence[EncodeRow]) -> Iterator[list[EncodeRow]]:
        """Fill in every row; yields them as they finish, a batch at a time.

        Raises:
            ContentError: if a prompt and its stored rationale exceed the context, unless
                `skip_errors`: it then becomes the row's error.
        """
        if self.cache:
            self.cache.lookup(rows)
            rows = [row for row in rows if self._fits(row)]
        # Without a gate, a stored rationale runs together with its prompt and needs no prefill.
        stored = [row for row in rows if row.cached and self.think is Think.ALWAYS]
        fresh = [row for row in rows if not (row.cached and self.think is Think.ALWAYS)]
        outputs = self.engine.run(
            [row.prompt for row in fresh],
            decide=partial(self._decide, fresh),
            decode_options=None if self.think is Think.NEVER else self.decode_options,
            rows=self.batch_size,
        )
        while batch := list(islice(outputs, self.batch_size)):
            yield self._complete([self._receive(fresh[output.index], output) for output in batch])
        if stored:
            yield self._complete(stored)

    def _fits(self, row: EncodeRow) -> bool:
        """Whether a row's stored rationale fits into the context behind its prompt."""
        if row.cached:
            lengths = len(row.prompt.prefix_ids), len(row.cached.token_ids)
            try:
                check_fits(self.engine.backbone, *lengths)
            except ContentError as error:
                if not self.skip_errors:
                    raise ContentError(f"input {row.index}: {error}") from None
                row.error = str(error)
        return row.error is None

    def _decide(
        self, fresh: Sequence[EncodeRow], prefill: Prefill, group: Sequence[int]
    ) -> tuple[list[int], list[float]]:
        """Choose the positions of a prefill that decode; see `engines.Decide`.

        Of the rows that the gate lets think, those with a stored rationale are teacher-forced
        here, while the prefill's keys and values exist.
        """
        rows = [fresh[index] for index in group]
        every = range(len(rows))
        if self.think is not Think.AUTO or self.gate is None:
            return list(every if self.think is Think.ALWAYS else ()), [math.nan] * len(rows)
        gates: list[float] = self.gate(prefill).tolist()
        _check_gates(gates, prefill)
        thinking = [position for position in every if gates[position] >= self.gate.threshold]
        for position in {*every} - {*thinking}:
            rows[position].cached = None
        stored = [position for position in thinking if rows[position].cached]
        if stored and prefill.cache is not None:
            chosen = [rows[position] for position in stored]
            states = teacher_force_prefill(
                self.engine.backbone, prefill, rows=stored, completions=_completions(chosen)
            )
            _set_states(chosen, states)
        return [position for position in thinking if not rows[position].cached], gates

    def _receive(self, row: EncodeRow, output: RequestOutput) -> EncodeRow:
        """Copy the engine's output into its row; a row with a stored rationale has only a gate."""
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

    def _complete(self, rows: list[EncodeRow]) -> list[EncodeRow]:
        """Teacher-force the stored rationales that are left, and update the cache."""
        stored = [row for row in rows if row.state is None]
        if stored:
            states = teacher_force(
                self.engine.backbone,
                [row.prompt for row in stored],
                _completions(stored),
                pad_id=self.engine.pad_id,
                limits=self.engine.limits,
            )
            _set_states(stored, states)
        if self.cache:
            self.cache.update(rows)
        return rows


def _check_gates(gates: Sequence[float], prefill: Prefill) -> None:
    """Refuse a gate that is not finite where the direct state is, which is checked by itself."""
    finite: list[bool] = prefill.direct.isfinite().all(dim=-1).tolist()
    if any(
        is_finite and not math.isfinite(gate) for gate, is_finite in zip(gates, finite, strict=True)
    ):
        raise ModelError(
            "the gate's probability is not finite; encode with think='never' or 'always', and "
            "check the weights with `forethought doctor`"
        )


def _completions(rows: Sequence[EncodeRow]) -> list[tuple[int, ...]]:
    return [row.cached.token_ids for row in rows if row.cached]


def _set_states(rows: Sequence[EncodeRow], states: Float[Tensor, "R H"]) -> None:
    """Copy the states of stored rationales into their rows."""
    for row, state in zip(rows, states, strict=True):
        row.state = state
        row.rationale = row.cached.rationale if row.cached else None
