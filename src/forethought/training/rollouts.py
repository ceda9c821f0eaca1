"""Rationales that the model writes itself while it trains.

InfoNCE behind a true rationale would copy the target from it. Each thought state is therefore
read behind a rationale that the model sampled from its own prompt alone (RGE, arXiv 2511.16150:
contrastive learning on self-generated rationales).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch

from forethought.engines import LocalEngine, Sampling
from forethought.training.batch_builder import BatchBuilder, DrawnPairs
from forethought.training.recipe import Recipe, RolloutSettings
from forethought.types import Prompt

ROLLOUT_BATCH = 256
"""How many prompts are prefilled together."""


@dataclass(frozen=True, slots=True)
class DrawnBatch:
    """The drawn pairs of a batch, with the completions sampled for them."""

    drawn: DrawnPairs
    completions: tuple[tuple[int, ...], ...]


@dataclass(slots=True, eq=False)
class Rollouts:
    """The batches of coming steps.

    Completions of `interval` steps are sampled together, from weights at most that many steps
    old; they never reach past a stage. `refresh` is called before each sampling, where the engine
    has a copy of the weights.
    """

    recipe: Recipe
    builder: BatchBuilder
    engine: LocalEngine
    refresh: Callable[[], None] = lambda: None
    _pending: dict[int, list[DrawnBatch]] = field(default_factory=dict)

    def take(self, step: int) -> list[DrawnBatch]:
        """The batches of a step, their completions sampled now unless they are pending."""
        if step not in self._pending:
            self._sample_from(step)
        return self._pending.pop(step)

    @property
    def pending(self) -> dict[int, list[list[list[int]]]]:
        """The completions of coming steps' batches, as plain values: a resumed run has other weights."""
        return {
            step: [[list(one) for one in batch.completions] for batch in batches]
            # Those without any too: processes sample at the same steps, whatever they sample.
            for step, batches in self._pending.items()
        }

    def restore(self, pending: Mapping[int, Sequence[Sequence[Sequence[int]]]]) -> None:
        """Take over the pending completions of an interrupted run."""
        for step, batches in pending.items():
            self._pending[step] = [
                DrawnBatch(drawn, tuple(tuple(one) for one in completions))
                for drawn, completions in zip(self._draw(step), batches, strict=True)
            ]

    def _draw(self, step: int) -> list[DrawnPairs]:
        stage, _ = self.recipe.stage_at(step)
        return [self.builder.draw(step, stage, index) for index in range(stage.accumulation)]

    def _sample_from(self, step: int) -> None:
        stage, index = self.recipe.stage_at(step)
        settings = self.recipe.rollouts if stage.self_generated else None
        interval = settings.interval if settings else 1
        last = min(step + interval - step % interval, step - index + stage.steps)
        drawn = [(at, one) for at in range(step, last) for one in self._draw(at)]
        prompts = [self.builder.prompts_to_complete(one, stage) for _, one in drawn]
        every = [prompt for part in prompts for prompt in part]
        completions = iter(self._sampled(every, settings, step))
        for (at, one), part in zip(drawn, prompts, strict=True):
            batch = DrawnBatch(one, tuple(next(completions) for _ in part))
            self._pending.setdefault(at, []).append(batch)

    def _sampled(
        self, prompts: Sequence[Prompt], settings: RolloutSettings | None, step: int
    ) -> list[tuple[int, ...]]:
        if settings is None:
            return []
        self.refresh()
        world = self.builder.world
        seed = (self.recipe.seed * 1_000_003 + step) * world.size + world.rank
        return sample_completions(self.engine, prompts, settings=settings, seed=seed)


def sample_completions(
    engine: LocalEngine,
    prompts: Sequence[Prompt],
    *,
    settings: RolloutSettings,
    seed: int,
    batch_size: int = ROLLOUT_BATCH,
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
