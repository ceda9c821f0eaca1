"""One window of prompts, answered: read, thought about, or recalled."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from forethought.encoders.gate import Gate
from forethought.encoders.rationale_cache import RationaleCacheView, Written
from forethought.engines import DecodeOptions, Engine, Prefill, RequestOutput, read_on, reread
from forethought.renderers import Renderer
from forethought.types import Embeddings, Mode, Prompt, Rationale, Think


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One prompt's outcome: its place, the state that becomes its vector, and the price."""

    place: int
    state: Float[Tensor, " H"]
    rationale: Rationale | None
    tokens: int
    gate: float


@dataclass(slots=True, eq=False)
class EncodeSession:
    """Answers the prompts of one window.

    What the memory knows is read behind its prompt and never decoded: in one pass with it, or,
    where a gate had to see the prompt first, from what that pass left. The rest is written,
    and kept as soon as a batch of it is there, so that a kill loses no more.
    """

    engine: Engine
    renderer: Renderer
    gate: Gate | None
    decode_options: DecodeOptions | None
    think: Think
    prompts: Sequence[Prompt]
    past: RationaleCacheView | None
    _read: dict[int, tuple[Rationale, Float[Tensor, " H"]]] = field(default_factory=dict)
    _unsaved: dict[int, Written] = field(default_factory=dict)

    def answer(self, *, batch_size: int, progress: Callable[[int], None] | None) -> list[Row]:
        """Every prompt's row, in the order in which they are done."""
        known = self._recall(range(len(self.prompts))) if self.think is Think.ALWAYS else {}
        fresh = [place for place in range(len(self.prompts)) if place not in known]
        answers = self.engine.run(
            [self.prompts[place] for place in fresh],
            decide=lambda prefill, group: self._decide(prefill, [fresh[i] for i in group]),
            decode_options=self.decode_options,
            rows=batch_size,
        )
        rows: list[Row] = []
        told = 0
        for answer in answers:
            rows.append(self._row(fresh[answer.index], answer))
            if len(rows) == told + batch_size:
                self._save()
                told = len(rows)
                if progress:
                    progress(told)
        self._save()
        states = self._reread(known) if known else ()
        rows += [
            Row(place, state, rationale, 0, math.nan)
            for (place, (rationale, _)), state in zip(known.items(), states, strict=True)
        ]
        if progress and len(rows) > told:
            progress(len(rows))
        return rows

    def _decide(self, prefill: Prefill, places: list[int]) -> tuple[list[int], list[float]]:
        """Which rows of a prefill are to be written about, and what the gate says of each."""
        rows = list(range(len(places)))
        if self.think is not Think.AUTO or self.gate is None:
            return rows if self.think is Think.ALWAYS else [], [math.nan] * len(rows)
        gates: list[float] = self.gate(prefill).tolist()
        rows = [row for row in rows if gates[row] >= self.gate.threshold]
        known = self._recall([places[row] for row in rows])
        self._read_on(prefill, places, known)
        return [row for row in rows if places[row] not in known], gates

    def _row(self, place: int, answer: RequestOutput) -> Row:
        if place in self._read:
            rationale, state = self._read[place]
            return Row(place, state, rationale, 0, answer.gate)
        if not answer.completions:
            return Row(place, answer.direct, None, 0, answer.gate)
        thought = answer.completions[0]
        rationale = self.renderer.read(thought.token_ids, ending=thought.ending)
        if self.past:
            self._unsaved[place] = rationale, thought.token_ids
        return Row(place, answer.vectors[0], rationale, len(thought.token_ids), answer.gate)

    def _recall(self, places: Sequence[int]) -> dict[int, Written]:
        return self.past.recall(places) if self.past and len(places) else {}

    def _save(self) -> None:
        if self.past and self._unsaved:
            self.past.keep(self._unsaved)
        self._unsaved = {}

    def _read_on(self, prefill: Prefill, places: Sequence[int], known: dict[int, Written]) -> None:
        """Read what is known behind rows of a prefill, whose prompts are not read again."""
        rows = [row for row, place in enumerate(places) if place in known]
        if not rows:
            return
        recalled = {places[row]: known[places[row]] for row in rows}
        if prefill.cache is None:
            states = self._reread(recalled)
        else:
            completions = [completion for _, completion in recalled.values()]
            states = read_on(self.engine.backbone, prefill, rows=rows, completions=completions)
        for (place, (rationale, _)), state in zip(recalled.items(), states, strict=True):
            self._read[place] = rationale, state

    def _reread(self, known: dict[int, Written]) -> Float[Tensor, "R H"]:
        """Read prompts and what is known about them together."""
        return reread(
            self.engine.backbone,
            [self.prompts[place] for place in known],
            [completion for _, completion in known.values()],
            pad_id=self.engine.pad_id,
            limits=self.engine.limits,
        )


def embeddings(rows: Sequence[Row]) -> Embeddings:
    """Rows as embeddings, in their order; at least one."""
    states = torch.stack([row.state.float() for row in rows])
    return Embeddings(
        vectors=F.normalize(states, dim=-1).cpu().numpy(),
        rationales=tuple(row.rationale for row in rows),
        mode=tuple(Mode.THOUGHT if row.rationale else Mode.DIRECT for row in rows),
        tokens=np.array([row.tokens for row in rows]),
        gate=np.array([row.gate for row in rows], dtype=np.float32),
    )
