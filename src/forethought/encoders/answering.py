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
from forethought.encoders.remembered import Past, Written
from forethought.engines import Answer, Engine, Manner, Prefill, reread
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
class Desk:
    """Answers the prompts of one window.

    What the memory knows is read behind its prompt and never decoded; the rest is written,
    and kept as soon as a batch of it is there, so that a kill loses no more.
    """

    engine: Engine
    renderer: Renderer
    gate: Gate | None
    manner: Manner | None
    think: Think
    prompts: Sequence[Prompt]
    past: Past | None
    _known: dict[int, Written] = field(default_factory=dict)
    _gates: dict[int, float] = field(default_factory=dict)
    _unsaved: dict[int, Written] = field(default_factory=dict)

    def answer(self, *, batch_size: int, progress: Callable[[int], None] | None) -> list[Row]:
        """Every prompt's row, in the order in which they are done."""
        if self.think is Think.ALWAYS:
            self._known = self._recall(range(len(self.prompts)))
        fresh = [place for place in range(len(self.prompts)) if place not in self._known]
        answers = self.engine.run(
            [self.prompts[place] for place in fresh],
            decide=lambda prefill, group: self._decide(prefill, [fresh[i] for i in group]),
            manner=self.manner,
            rows=batch_size,
        )
        rows: list[Row] = []
        told = 0
        for answer in answers:
            place = fresh[answer.index]
            self._gates[place] = answer.gate
            if place not in self._known:
                rows.append(self._row(place, answer))
            if len(rows) == told + batch_size:
                self._save()
                told = _tell(progress, len(rows), told)
        self._save()
        rows += self._reread()
        _tell(progress, len(rows), told)
        return rows

    def _decide(self, prefill: Prefill, places: list[int]) -> tuple[list[int], list[float]]:
        """Which rows of a prefill are to be written about, and what the gate says of each."""
        rows = list(range(len(places)))
        if self.think is not Think.AUTO or self.gate is None:
            return rows if self.think is Think.ALWAYS else [], [math.nan] * len(rows)
        gates: list[float] = self.gate(prefill).tolist()
        rows = [row for row in rows if gates[row] >= self.gate.threshold]
        self._known |= self._recall([places[row] for row in rows])
        return [row for row in rows if places[row] not in self._known], gates

    def _row(self, place: int, answer: Answer) -> Row:
        if not answer.thoughts:
            return Row(place, answer.direct, None, 0, answer.gate)
        thought = answer.thoughts[0]
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

    def _reread(self) -> list[Row]:
        if not self._known:
            return []
        places = list(self._known)
        states = reread(
            self.engine.backbone,
            [self.prompts[place] for place in places],
            [completion for _, completion in self._known.values()],
            pad_id=self.engine.pad_id,
            limits=self.engine.limits,
        )
        return [
            Row(place, state, self._known[place][0], 0, self._gates.get(place, math.nan))
            for place, state in zip(places, states, strict=True)
        ]


def _tell(progress: Callable[[int], None] | None, done: int, told: int) -> int:
    """Report what was done since it was last told; give what is told now."""
    if progress and done > told:
        progress(done - told)
    return done


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
