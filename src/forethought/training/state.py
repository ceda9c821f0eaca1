"""Everything a run works with, made from its recipe alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch

from forethought.config import find
from forethought.data import TaskBatches
from forethought.encoders import FAMILIES, Family, ReasoningEncoder
from forethought.engines import LocalEngine
from forethought.errors import ConfigError
from forethought.renderers import Renderer
from forethought.training.add_tokens import add_tokens
from forethought.training.average import WeightAverage
from forethought.training.batch_builder import BatchBuilder
from forethought.training.objective import RunContext
from forethought.training.parallel import Replica, parallelise, replica_of
from forethought.training.reader import Reader
from forethought.training.recipe import Recipe
from forethought.training.rollouts import Rollouts
from forethought.training.run_folder import RunFolder
from forethought.training.start import make_scratch, starting_encoder
from forethought.training.train_step import TrainStep, bind_terms
from forethought.training.trained_weights import enable_checkpointing, set_trained
from forethought.training.world import World
from forethought.types import OpenProgress, Side, no_progress


@dataclass(frozen=True, slots=True, eq=False)
class TrainState:
    """The model, its optimizer, and what turns a batch into a loss.

    `module` is `train_step`, wrapped where several processes train. `replica` is the encoder with
    all weights.
    """

    replica: Replica
    optimizer: torch.optim.Optimizer
    average: WeightAverage | None
    train_step: TrainStep
    module: torch.nn.Module
    world: World

    @property
    def encoder(self) -> ReasoningEncoder:
        """The encoder, as of the last refresh of the replica."""
        return self.replica.encoder

    @property
    def network(self) -> torch.nn.Module:
        """The network that is trained."""
        return self.train_step.network


def build_train_state(
    recipe: Recipe,
    folder: RunFolder,
    *,
    world: World | None = None,
    open_progress: OpenProgress = no_progress,
    check: Callable[[], None] = lambda: None,
) -> TrainState:
    """Load the starting model, open the data and bind the objectives.

    A model made from scratch is written into the run's folder first. `check` is called before the
    weights are loaded, and may refuse.

    Raises:
        ConfigError: if the recipe does not fit the data or the model.
        DataError: if the data cannot be read.
        ModelError: if the starting model cannot be loaded.
        CheckpointError: if the run to fork from has no starting model.
    """
    world = world or World()
    # Before the model is loaded, which may take minutes.
    batches = _checked_batches(recipe)
    checkpoint = _checkpoint(recipe, folder, world=world, open_progress=open_progress)
    check()
    return train_state_of(
        starting_encoder(recipe, checkpoint),
        recipe,
        batches=batches,
        world=world,
        open_progress=open_progress,
    )


def train_state_of(
    encoder: ReasoningEncoder,
    recipe: Recipe,
    *,
    batches: TaskBatches | None = None,
    world: World | None = None,
    open_progress: OpenProgress = no_progress,
) -> TrainState:
    """What a recipe trains an encoder with, whose weights are ready for gradients.

    Args:
        batches: those of the recipe's data, where they were checked before.

    Raises:
        ConfigError: if the recipe does not fit the data or the model.
        DataError: if the data cannot be read.
    """
    world = world or World()
    batches = batches or _checked_batches(recipe)
    check_thinks(recipe, encoder.family, name=encoder.name)
    network = encoder.engine.backbone.network
    adapter = set_trained(
        network, recipe.trained, embed_ids=embed_ids(encoder.renderer, encoder.family)
    )
    if recipe.memory.gradient_checkpointing:
        enable_checkpointing(network)
    replica = replica_of(encoder, adapter, world)
    renderer = _renderer(recipe, encoder, open_progress)
    builder = BatchBuilder(
        source=recipe.data.source,
        batches=batches,
        renderer=renderer,
        thinks=encoder.family.thinks,
        augment=find(recipe.augment, {}, kind="augmentation") if recipe.augment else None,
        seed=recipe.seed,
        max_tokens=recipe.max_tokens,
        world=world,
    )
    engine = encoder.local
    reader = Reader(engine.backbone, engine.pad_id, recipe.memory, world)
    run = RunContext(
        replace(encoder, renderer=renderer),
        reader,
        recipe.data.source,
        recipe.seed,
        open_progress,
    )
    rollouts = Rollouts(recipe, builder, _writer(replica.encoder.local), replica.refresh)
    train_step = TrainStep(recipe, rollouts, reader, terms=bind_terms(recipe, run))
    module = parallelise(train_step, network, world)
    # Both are made of the parameters as they are once they are sharded.
    optimizer = _optimizer(network, recipe)
    average = None if recipe.average is None else WeightAverage(network, recipe.average)
    return TrainState(replica, optimizer, average, train_step, module, world)


def _checked_batches(recipe: Recipe) -> TaskBatches:
    batches = TaskBatches(recipe.data.source, recipe.seed)
    for stage in recipe.stages:
        if stage.batch:
            batches.check(stage.odds)
    return batches


def _checkpoint(
    recipe: Recipe, folder: RunFolder, *, world: World, open_progress: OpenProgress
) -> str | Path:
    """The checkpoint to start from; one from scratch is made unless the run goes on."""
    if recipe.scratch is None and not recipe.add_tokens:
        return recipe.init or ""
    if world.leads:
        _make_start(recipe, folder, open_progress=open_progress)
    world.wait()
    return folder.start


def _make_start(recipe: Recipe, folder: RunFolder, *, open_progress: OpenProgress) -> None:
    """Write the starting model into the run's folder, unless the run goes on from it."""
    if recipe.fork_from is not None:
        folder.copy_start(RunFolder(recipe.fork_from))
    elif not (folder.can_resume and folder.has_start):
        _write_start(recipe, folder, open_progress=open_progress)


def _write_start(recipe: Recipe, folder: RunFolder, *, open_progress: OpenProgress) -> None:
    if recipe.scratch is None:
        family = FAMILIES[recipe.family or ""]
        with open_progress(f"{folder.start}: {recipe.init} with the tokens of {family.title}"):
            add_tokens(recipe.init or "", family, name=recipe.name, folder=folder.start)
    else:
        with open_progress(f"{folder.start}: learning a tokenizer, drawing weights"):
            make_scratch(
                recipe.scratch,
                recipe.data.source,
                name=recipe.name,
                seed=recipe.seed,
                folder=folder.start,
            )


def _renderer(recipe: Recipe, encoder: ReasoningEncoder, open_progress: OpenProgress) -> Renderer:
    """The encoder's renderer, with the recipe's `pictures` where it names some."""
    renderer = encoder.renderer
    if recipe.pictures is None:
        return renderer
    pictures = recipe.pictures.source.bind(encoder, open_progress)
    layout = replace(renderer.layout, image_processor=pictures)
    # Every renderer is a dataclass with a layout, which its protocol cannot say.
    changed: Renderer = replace(cast("Any", renderer), layout=layout)
    return changed


def _writer(engine: LocalEngine) -> LocalEngine:
    """The engine, never writing a placeholder: a completion that is read again has no pictures."""
    written = engine.completion_format
    if written is None:
        return engine
    placeholders = engine.backbone.placeholders
    forbidden = {*written.forbidden, placeholders.image_id, placeholders.video_id}
    return replace(engine, completion_format=replace(written, forbidden=tuple(sorted(forbidden))))


def embed_ids(renderer: Renderer, family: Family) -> set[int]:
    """The tokens of a family's format that its vectors are read at, and their like."""
    ids = (renderer.layout.tokenizer.token_to_id(tag.value) for tag in family.tags)
    return {token_id for token_id in ids if token_id is not None}


def check_thinks(recipe: Recipe, family: Family, *, name: str) -> None:
    """Check that a model of that name and family can think, if the recipe has it think.

    Raises:
        ConfigError: if it cannot.
    """
    thinks = recipe.gate or any(
        stage.sft or stage.self_generated or stage.oracle for stage in recipe.stages
    )
    if thinks and Side.QUERY not in family.thinks:
        raise ConfigError(
            f"{name} ({family.title}) never thinks: leave sft, self_generated, "
            "oracle and [gate] out of its recipe"
        )


def _optimizer(network: torch.nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW, with weight decay on matrices alone, with groups of its own for the vision encoder."""
    kinds: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        kinds.setdefault((decay, ".visual." in name), []).append(parameter)
    groups = [
        {"params": parameters, "weight_decay": decay, "is_vision": is_vision}
        for (decay, is_vision), parameters in kinds.items()
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=recipe.betas, fused=True)
