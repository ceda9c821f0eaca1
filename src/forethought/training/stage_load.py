"""What the steps of a stage feed to the network of one process."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

from forethought.training.activation_memory import NetworkSizes
from forethought.training.batch_builder import BatchBuilder
from forethought.training.objective import FeedsRows
from forethought.training.pass_size import MemorySettings, PassSize
from forethought.training.reader import pass_sizes
from forethought.training.recipe import Recipe
from forethought.training.rollouts import ROLLOUT_BATCH
from forethought.training.stage import Stage

_SAMPLE = 64
"""Pairs of a batch that are drawn; a larger batch is that many times as much."""


@dataclass(frozen=True, slots=True)
class StageLoad:
    """The passes of a batch that was drawn, `scale` times as many in a step's batch.

    `cache_tokens` are the most tokens whose keys and values rollouts hold at a time.
    """

    stage: str
    passes: tuple[PassSize, ...]
    scale: float
    cache_tokens: int

    @property
    def tokens(self) -> int:
        """About how many tokens a batch of the stage has, padding included."""
        return round(self.scale * sum(size.rows * size.length for size in self.passes))

    @property
    def longest(self) -> int:
        """The tokens of the longest row that was drawn."""
        return max((size.length for size in self.passes), default=0)

    def activation_bytes(self, sizes: NetworkSizes, memory: MemorySettings, *, bf16: bool) -> int:
        """Activations of a batch; with `grad_cache`, of its largest pass."""
        checkpointing = memory.gradient_checkpointing
        stored = [
            sizes.activation_bytes(size, bf16=bf16, checkpointing=checkpointing)
            for size in self.passes
        ]
        if memory.grad_cache:
            return max(stored, default=0)
        return round(self.scale * sum(stored))


def stage_loads(recipe: Recipe, builder: BatchBuilder, *, on_cpu: bool) -> list[StageLoad]:
    """Draw the first batch of each stage, or a part of a large one, and lay it out in passes.

    A rationale that the model writes is taken to be as long as its budget. Rows that objectives
    feed themselves are taken to be as long as the longest of the pairs' in any stage.
    """
    first, loads = 0, []
    for stage in recipe.stages:
        loads.append(_pairs_load(recipe, builder, stage=stage, step=first, on_cpu=on_cpu))
        first += stage.steps
    longest = max(load.longest for load in loads)
    return [
        replace(load, passes=(*load.passes, *_other_passes(stage, longest)))
        for stage, load in zip(recipe.stages, loads, strict=True)
    ]


def _pairs_load(
    recipe: Recipe, builder: BatchBuilder, *, stage: Stage, step: int, on_cpu: bool
) -> StageLoad:
    if not stage.batch:
        return StageLoad(stage.name, (), 1.0, 0)
    # Several processes share a batch.
    size = min(stage.batch, _SAMPLE * builder.world.size)
    part = replace(stage, batch=size, sub_batch=min(stage.sub_batch, size))
    drawn = builder.draw(step, part)
    prompts = builder.prompts_to_complete(drawn, part)
    rollouts, written = recipe.rollouts, builder.renderer.completion_format
    budget = rollouts.budget if rollouts else 0
    completion = (written.embed_id,) * budget if written else ()
    rows = builder.rows(drawn, [completion] * len(prompts), part).rows
    scale = stage.batch / size
    interval = rollouts.interval if rollouts else 1
    lengths = [len(prompt.prefix_ids) for prompt in prompts]
    return StageLoad(
        stage.name,
        tuple(pass_sizes(rows, recipe.memory, on_cpu=on_cpu)),
        scale,
        _cache_tokens(lengths, ceil(scale * len(prompts)) * stage.accumulation * interval, budget),
    )


def _other_passes(stage: Stage, longest: int) -> list[PassSize]:
    return [
        PassSize(objective.objective.num_rows, longest)
        for objective in stage.objectives
        if isinstance(objective.objective, FeedsRows)
    ]


def _cache_tokens(lengths: Sequence[int], count: int, budget: int) -> int:
    """Of `count` prompts, those of a batch are prefilled and then continued, each in a cache."""
    if not lengths:
        return 0
    return min(count, ROLLOUT_BATCH) * (2 * max(lengths) + budget)
