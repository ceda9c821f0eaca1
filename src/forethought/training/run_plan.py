"""What a run would do, on what, and the memory it takes: known before it starts."""

from dataclasses import dataclass
from pathlib import Path

import torch

from forethought.data import TaskBatches
from forethought.engines import available_bytes, format_bytes
from forethought.errors import ConfigError
from forethought.training.batch_builder import BatchBuilder
from forethought.training.memory_estimate import (
    MemoryEstimate,
    WeightCounts,
    count_weights,
    estimate_memory,
)
from forethought.training.parallel import Parallel
from forethought.training.planned_model import PlannedModel, planned_model
from forethought.training.precision import trains_in_bf16
from forethought.training.recipe import Recipe
from forethought.training.resume import find_resumable
from forethought.training.run_checkpoint import load_position
from forethought.training.run_folder import RunFolder
from forethought.training.stage_load import StageLoad, stage_loads
from forethought.training.start import training_device
from forethought.training.state import check_thinks, embed_ids
from forethought.training.trained_weights import set_trained
from forethought.training.world import World


@dataclass(frozen=True, slots=True, eq=False)
class RunPlan:
    """A run before it starts.

    `checkpoint` is what it goes on from after `first` steps, or None. `available` are the bytes
    that the device has for each of its processes, or None if unknown.
    """

    recipe: Recipe
    folder: RunFolder
    device: torch.device
    world: World
    parallel: Parallel
    bf16: bool
    model: PlannedModel
    weights: WeightCounts
    loads: tuple[StageLoad, ...]
    memory: MemoryEstimate
    available: int | None
    checkpoint: Path | None
    first: int

    def check_memory(self) -> None:
        """Check that the estimate fits the device.

        Raises:
            ConfigError: if it does not, with what would take less.
        """
        if self.available is None or self.memory.total <= self.available:
            return
        parts = ", ".join(f"{name} {format_bytes(n)}" for name, n in self.memory.parts.items())
        raise ConfigError(
            f"{self.recipe.name} takes about {format_bytes(self.memory.total)} of memory ({parts}), "
            f"and {format_bytes(self.available)} are available on {self.device}; "
            f"{self._ways_out()}, or try it with --no-memory-check"
        )

    def _ways_out(self) -> str:
        """What would take less memory."""
        if self.memory.fixed > (self.available or 0):
            adapter = "train an adapter ([trained.adapter]), " * (not self.recipe.trained.adapter)
            shards = self.parallel is Parallel.FSDP2 and self.world.size > 1
            gpus = "use more GPUs" if shards else "use several GPUs with --parallel fsdp2"
            return f"{adapter}{gpus}, start from a smaller model"
        memory = self.recipe.memory
        limit = "rows" if self.device.type == "cpu" else "tokens"
        unset = [
            name
            for name, is_set in (
                ("grad_cache = true", memory.grad_cache),
                ("gradient_checkpointing = true", memory.gradient_checkpointing),
            )
            if not is_set
        ]
        lower = f"a lower {limit} than {getattr(memory, limit)}"
        return f"set {', '.join([*unset, lower])} under [memory]"


def plan_run(
    recipe: Recipe, folder: RunFolder, world: World, *, fresh: bool, download: bool = False
) -> RunPlan:
    """Work out what a run of a recipe in a folder would do; nothing is written, no weight read.

    Args:
        fresh: whether it would start over.
        download: fetch a starting model that is not on this machine yet.

    Raises:
        CheckpointError: if the folder's checkpoint belongs to another recipe.
        ConfigError: if the recipe does not fit the data or the model.
        DataError: if the data cannot be read.
        ModelError: if there is no such model.
    """
    checkpoint = None if fresh else find_resumable(recipe, folder)
    batches = TaskBatches(recipe.data.source, recipe.seed)
    for stage in recipe.stages:
        if stage.batch:
            batches.check(stage.odds)
    model = planned_model(recipe, folder, download=download)
    check_thinks(recipe, model.family, name=model.name)
    network = model.backbone.network
    set_trained(network, recipe.trained, embed_ids=embed_ids(model.renderer, model.family))
    builder = BatchBuilder(
        source=recipe.data.source,
        batches=batches,
        renderer=model.renderer,
        thinks=model.family.thinks,
        augment=None,
        seed=recipe.seed,
        world=world,
    )
    device = torch.device(training_device())
    on_cpu = device.type == "cpu"
    loads = stage_loads(recipe, builder, on_cpu=on_cpu)
    bf16 = trains_in_bf16(device)
    parallel = Parallel.FSDP2 if world.shards else Parallel.DDP
    memory = estimate_memory(
        network,
        loads,
        recipe.memory,
        parallel=parallel,
        processes=world.size,
        bf16=bf16,
        averaged=recipe.average is not None,
    )
    available = available_bytes(device)
    return RunPlan(
        recipe=recipe,
        folder=folder,
        device=device,
        world=world,
        parallel=parallel,
        bf16=bf16,
        model=model,
        weights=count_weights(network),
        loads=tuple(loads),
        memory=memory,
        # The processes of a machine share its memory, and each has a GPU of its own.
        available=available // world.local_size if available and on_cpu else available,
        checkpoint=checkpoint,
        first=load_position(checkpoint).step if checkpoint else 0,
    )
