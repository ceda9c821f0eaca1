"""Rationales that the model writes itself while it trains.

InfoNCE behind a true rationale would copy the target from it. Each thought state is therefore
read behind a rationale that the model sampled from its own prompt alone (RGE, arXiv 2511.16150:
contrastive learning on self-generated rationales).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch

from forethought.engines import LocalEngine, Sampling
from forethought.training.batch_builder import BatchBuilder, DrawnPairs
from forethought.training.recipe import Recipe, RolloutSettings
from forethought.types import Prompt

_BATCH = 256


@dataclass(slots=True, eq=False)
class Rollouts:
    """The drawn pairs of coming steps, with the completions sampled for them.

    Completions of `interval` steps are sampled together, from weights at most that many steps
    old; they never reach past a stage.
    """

    recipe: Recipe
    builder: BatchBuilder
    engine: LocalEngine
    _pending: dict[int, tuple[DrawnPairs, list[tuple[int, ...]]]] = field(default_factory=dict)

    def take(self, step: int) -> tuple[DrawnPairs, list[tuple[int, ...]]]:
        """The pairs of a step and their completions, sampled now unless they are pending."""
        if step not in self._pending:
            self._sample_from(step)
        return self._pending.pop(step)

    @property
    def pending(self) -> dict[int, list[list[int]]]:
        """The completions of coming steps, as plain values: a resumed run has other weights."""
        return {
            step: [list(completion) for completion in completions]
            for step, (_, completions) in self._pending.items()
            if completions
        }

    def restore(self, pending: Mapping[int, Sequence[Sequence[int]]]) -> None:
        """Take over the pending completions of an interrupted run."""
        for step, completions in pending.items():
            stage, _ = self.recipe.stage_at(step)
            drawn = self.builder.draw(step, stage)
            self._pending[step] = (drawn, [tuple(completion) for completion in completions])

    def _sample_from(self, step: int) -> None:
        stage, index = self.recipe.stage_at(step)
        settings = self.recipe.rollouts if stage.self_generated else None
        interval = settings.interval if settings else 1
        last = min(step + interval - step % interval, step - index + stage.steps)
        drawn = {at: self.builder.draw(at, stage) for at in range(step, last)}
        prompts = {at: self.builder.prompts_to_complete(drawn[at], stage) for at in drawn}
        every = [prompt for part in prompts.values() for prompt in part]
        completions = iter(self._sampled(every, settings, step))
        for at, part in prompts.items():
            self._pending[at] = (drawn[at], [next(completions) for _ in part])

    def _sampled(
        self, prompts: Sequence[Prompt], settings: RolloutSettings | None, step: int
    ) -> list[tuple[int, ...]]:
        if not prompts or settings is None:
            return []
        seed = self.recipe.seed * 1_000_003 + step
        return sample_completions(self.engine, prompts, settings=settings, seed=seed)


def sample_completions(
    engine: LocalEngine,
    prompts: Sequence[Prompt],
    *,
    settings: RolloutSettings,
    seed: int,
    batch_size: int = _BATCH,
) -> list[tuple[int, ...]]:
    """Sample one completion a prompt, in order; each ends in the embed token."""
    network = engine.backbone.network
    was_training = network.training
    network.eval()
    generator = torch.Generator(engine.backbone.device).manual_seed(seed)
    sampling = Sampling(temperature=settings.temperature)
    found: dict[int, tuple[int, ...]] = {}
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index].token_ids))
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        _, completions = engine.generate(
            engine.prefill([prompts[index] for index in chosen]),
            range(len(chosen)),
            budget=settings.budget,
            sampling=sampling,
            generator=generator,
        )
        for index, completion in zip(chosen, completions, strict=True):
            found[index] = completion.token_ids
    # The forward and backward passes need the memory of the KV cache.
    engine.free_cache()
    network.train(was_training)
    return [found[index] for index in range(len(prompts))]
