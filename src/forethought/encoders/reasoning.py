"""An encoder that can embed at once, think first, or choose."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F

from forethought.encoders.encoder import Shown, as_message, refuse_string
from forethought.encoders.families import Family
from forethought.encoders.gate import Gate
from forethought.engines import Answer, LocalEngine, Manner, Prefill, Sampling
from forethought.errors import ContentError, ModelError
from forethought.renderers import Renderer
from forethought.types import (
    Embeddings,
    Ending,
    Mode,
    Prompt,
    Side,
    Think,
    concatenate,
)

WINDOW = 8
"""So many batches of inputs are laid out at a time: pictures as patches are large."""


@dataclass(frozen=True, slots=True, eq=False)
class ReasoningEncoder:
    """One backbone, three roads: direct, thought, and the choice between them.

    `budget` is the most tokens a rationale may take. `instructions` are used where the
    caller gives none. `folder` is where it was loaded from.
    """

    name: str
    revision: str
    folder: Path
    engine: LocalEngine
    renderer: Renderer
    family: Family
    gate: Gate | None
    budget: int
    instructions: dict[Side, str]
    sampling: Sampling = field(default_factory=Sampling)

    @property
    def dimension(self) -> int:
        """How long its vectors are."""
        return self.engine.backbone.dimension

    def encode(
        self,
        inputs: Sequence[Shown],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Callable[[int], None] | None = None,
        on_error: str = "raise",
    ) -> Embeddings:
        """Embed inputs in order; see `Encoder.encode`.

        Args:
            on_error: "raise", or "skip" to go on without an input that cannot be read: its
                vector is NaN, its mode `SKIPPED`, and `errors` says why.
        """
        side, think = _choice(Side, side), _choice(Think, think)
        if on_error not in {"raise", "skip"}:
            raise ModelError(f"unknown on_error {on_error!r}; known: raise, skip")
        if batch_size < 1:
            raise ModelError(f"batch_size must be at least 1, got {batch_size}")
        refuse_string(inputs)
        think = self._settle(side, think)
        words = self.instructions[side] if instruction is None else instruction
        errors: list[str | None] = [None] * len(inputs)
        order: list[int] = []
        parts = []
        for first in range(0, len(inputs), WINDOW * batch_size):
            window = range(first, min(first + WINDOW * batch_size, len(inputs)))
            prompts: dict[int, Prompt] = {}
            for index in window:
                try:
                    prompts[index] = self._lay_out(inputs[index], side, words)
                except ContentError as error:
                    errors[index] = _told(index, error, on_error=on_error)
            answers = self._answers(
                list(prompts.values()), think, batch_size=batch_size, progress=progress
            )
            places = list(prompts)
            order += [places[answer.index] for answer in answers]
            parts.append(self._embeddings(answers))
        skipped = [index for index, error in enumerate(errors) if error is not None]
        whole = concatenate([_skipped(len(skipped), self.dimension), *parts])
        return _placed(whole, [*skipped, *order], errors)

    def _lay_out(self, shown: Shown, side: Side, words: str) -> Prompt:
        return self.renderer.render(as_message(shown, side=side, instruction=words))

    def _settle(self, side: Side, think: Think) -> Think:
        """What `think` comes to on this side, where nothing is left to each input.

        Raises:
            ModelError: if the family cannot do it.
        """
        may = side in self.family.thinks
        if think is Think.ALWAYS and not may:
            thinking = ", ".join(sorted(self.family.thinks)) or "no"
            raise ModelError(
                f"{self.name} ({self.family.title}) cannot think on the {side} side, only on "
                f"{thinking} side; ask it with think='never' or 'auto'"
            )
        if think is not Think.AUTO or self.gate is not None:
            return think if may else Think.NEVER
        if self.family.thinks == set(Side):
            raise ModelError(
                f"{self.name} has no gate, so think='auto' cannot choose: ask for 'never' or "
                "'always', or fit a gate with `forethought train`"
            )
        return Think.ALWAYS if may else Think.NEVER

    def _answers(
        self,
        prompts: Sequence[Prompt],
        think: Think,
        *,
        batch_size: int,
        progress: Callable[[int], None] | None,
    ) -> list[Answer]:
        def decide(prefill: Prefill) -> tuple[list[int], list[float]]:
            rows = list(range(len(prefill.lengths)))
            if think is not Think.AUTO or self.gate is None:
                return rows if think is Think.ALWAYS else [], [math.nan] * len(rows)
            gates = self.gate(prefill).tolist()
            return [row for row in rows if gates[row] >= self.gate.threshold], gates

        engine = replace(self.engine, limits=replace(self.engine.limits, rows=batch_size))
        manner = None if think is Think.NEVER else Manner(self.budget, self.sampling)
        answers = []
        for answer in engine.run(prompts, decide=decide, manner=manner):
            answers.append(answer)
            if progress:
                progress(1)
        return answers

    def _embeddings(self, answers: Sequence[Answer]) -> Embeddings:
        """One row an answer: the thought vector of those that were thought about."""
        if not answers:
            return _skipped(0, self.dimension)
        hidden = torch.stack([(answer.vectors or (answer.direct,))[0] for answer in answers])
        thoughts = [(answer.thoughts or (None,))[0] for answer in answers]
        return Embeddings(
            vectors=F.normalize(hidden.float(), dim=-1).cpu().numpy(),
            rationales=tuple(
                self.renderer.read(thought.token_ids, ending=thought.ending) if thought else None
                for thought in thoughts
            ),
            mode=tuple(Mode.THOUGHT if thought else Mode.DIRECT for thought in thoughts),
            tokens=np.array([len(thought.token_ids) if thought else 0 for thought in thoughts]),
            gate=np.array([answer.gate for answer in answers], dtype=np.float32),
        )


def _told(index: int, error: ContentError, *, on_error: str) -> str:
    """Why an input was skipped, or the error that names it."""
    if on_error == "raise":
        raise ContentError(f"input {index}: {error}") from None
    return str(error)


Choice = TypeVar("Choice", Side, Think)


def _choice(kind: type[Choice], value: Choice | str) -> Choice:
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ModelError(f"unknown {kind.__name__.lower()} {value!r}; known: {known}") from None


def _skipped(rows: int, dimension: int) -> Embeddings:
    return Embeddings(
        vectors=np.full((rows, dimension), np.nan, dtype=np.float32),
        rationales=(None,) * rows,
        mode=(Mode.SKIPPED,) * rows,
        tokens=np.zeros(rows, dtype=np.int64),
        gate=np.full(rows, np.nan, dtype=np.float32),
    )


def _placed(whole: Embeddings, order: list[int], errors: list[str | None]) -> Embeddings:
    back = np.argsort(order)
    return Embeddings(
        vectors=whole.vectors[back],
        rationales=tuple(whole.rationales[index] for index in back),
        mode=tuple(whole.mode[index] for index in back),
        tokens=whole.tokens[back],
        gate=whole.gate[back],
        errors=tuple(errors),
    )


def count_endings(embeddings: Embeddings) -> dict[Ending, int]:
    """Count how the rationales ended."""
    written = [rationale.ending for rationale in embeddings.rationales if rationale is not None]
    return {ending: written.count(ending) for ending in Ending}
