"""One step: draw, let the model write, read, weigh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.data import Pair
from forethought.engines import LocalEngine
from forethought.losses import next_token, pointwise
from forethought.nano.image_distillation import ImageDistillation
from forethought.training.batch_builder import BatchBuilder, Row
from forethought.training.forward import Reader
from forethought.training.objective import Objective, Terms, total
from forethought.training.recipe import Recipe, Stage
from forethought.training.rollouts import write_rationales
from forethought.types import Example, Prompt


@dataclass(frozen=True, slots=True)
class _Drawn:
    pairs: list[Pair]
    examples: list[Example]
    prompts: list[Prompt]


@dataclass(slots=True, eq=False)
class TrainStep:
    """Turns a step's number into its loss.

    The rationales of the coming steps are written together, every `rollouts.ahead` steps,
    so that they come from weights at most that many steps old.
    """

    recipe: Recipe
    material: BatchBuilder
    reader: Reader
    engine: LocalEngine
    objective: Objective
    sight: ImageDistillation | None
    _written: dict[int, tuple[_Drawn, list[Row]]] = field(default_factory=dict)

    def loss(self, step: int) -> tuple[Float[Tensor, ""], Terms]:
        """The weighted loss of a step, and its terms."""
        stage, at = self.recipe.stage_at(step)
        terms: Terms = {}
        if stage.batch:
            drawn, own = self._rows_ahead(step, stage, last=step - at + stage.steps)
            states = self.reader.read(self._rows(drawn, own, stage))
            terms = self.objective.terms(states, drawn.pairs, stage.weights)
        if stage.statements:
            states = self.reader.statements(
                self.material.statement_rows(step, stage.statements),
                first=len(self.material.opening),
            )
            terms["statements"] = next_token(states.logits, states.targets)
        if stage.lessons and self.objective.teacher:
            lessons = self._lessons(step, stage)
            terms["pointwise"] = terms.get("pointwise", torch.zeros_like(lessons)) + lessons
        if stage.glances and self.sight:
            terms["sight"] = self.sight.loss(self.reader.backbone, step, stage.glances)
        return total(terms, stage.weights), terms

    @property
    def written(self) -> dict[int, list[list[int]]]:
        """The rationales of the coming steps: what a resumed run could not write again."""
        return {
            step: [list(row.completion) for row in rows]
            for step, (_, rows) in self._written.items()
            if rows
        }

    def take_up(self, written: Mapping[int, Sequence[Sequence[int]]]) -> None:
        """Go on with the rationales that a run had written before it was cut off."""
        for step, completions in written.items():
            stage, _ = self.recipe.stage_at(step)
            drawn = self._draw(step)
            prompts = _own_prompts(drawn, stage)
            self._written[step] = (
                drawn,
                [
                    Row(prompt, tuple(completion), taught=False)
                    for prompt, completion in zip(prompts, completions, strict=True)
                ],
            )

    def _rows(self, drawn: _Drawn, own: list[Row], stage: Stage) -> list[Row]:
        """All queries, then all documents: the first pairs own, the next taught, the rest direct."""
        pool = len(drawn.pairs)
        first_taught, first_direct = _shares(pool, stage)
        queries = [e.query_rationale for e in drawn.examples]
        documents = [e.document_rationale for e in drawn.examples]
        rows = []
        for place, rationale in enumerate((*queries, *documents)):
            at = place % pool
            if at < first_taught:
                rows.append(own[at + (first_taught if place >= pool else 0)])
            else:
                taught = rationale if at < first_direct else None
                rows.append(self.material.row(drawn.prompts[place], taught))
        return rows

    def _rows_ahead(self, step: int, stage: Stage, *, last: int) -> tuple[_Drawn, list[Row]]:
        if step not in self._written:
            rollout_interval = self.recipe.rollouts.rollout_interval if stage.own else 1
            self._write_ahead(
                step, stage, last=min(step + rollout_interval - step % rollout_interval, last)
            )
        return self._written.pop(step)

    def _write_ahead(self, step: int, stage: Stage, *, last: int) -> None:
        drawn = {at: self._draw(at) for at in range(step, last)}
        prompts = [prompt for draw in drawn.values() for prompt in _own_prompts(draw, stage)]
        rows = (
            write_rationales(
                self.engine,
                prompts,
                settings=self.recipe.rollouts,
                seed=self.recipe.seed * 1_000_003 + step,
            )
            if prompts
            else []
        )
        for at, draw in drawn.items():
            count = len(_own_prompts(draw, stage))
            self._written[at] = (draw, rows[:count])
            rows = rows[count:]

    def _draw(self, step: int) -> _Drawn:
        stage, _ = self.recipe.stage_at(step)
        pairs, examples = self.material.examples(step, stage)
        queries, documents = self.material.prompts(examples)
        return _Drawn(pairs, examples, [*queries, *documents])

    def _lessons(self, step: int, stage: Stage) -> Float[Tensor, ""]:
        teacher = self.objective.teacher
        texts, prompts = self.material.lesson_prompts(step, stage.lessons)
        known, taught = teacher.of(texts) if teacher else ([], torch.empty(0))
        if not known:
            return torch.zeros((), device=self.reader.backbone.device)
        states = self.reader.read([Row(prompts[index], (), taught=False) for index in known])
        return pointwise(states.direct, taught.to(states.direct.device))


def _own_prompts(drawn: _Drawn, stage: Stage) -> list[Prompt]:
    """What the model writes its own rationales to: both sides of the first pairs."""
    pool = len(drawn.pairs)
    own, _ = _shares(pool, stage)
    return drawn.prompts[:own] + drawn.prompts[pool : pool + own]


def _shares(pool: int, stage: Stage) -> tuple[int, int]:
    """Where the taught pairs of a batch begin, and where the direct ones."""
    own = round(pool * stage.own)
    return own, own + round(pool * stage.taught)


def rate_at(stage: Stage, at: int) -> float:
    """The learning rate at a place of a stage: warm up, hold, fall at the end."""
    if at < stage.warmup:
        return stage.peak_rate * (at + 1) / stage.warmup
    left = stage.steps - at
    if left > stage.cooldown:
        return stage.peak_rate
    share = left / stage.cooldown
    return stage.peak_rate * (stage.final_rate + (1 - stage.final_rate) * share)
