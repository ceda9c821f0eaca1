"""Everything a run works with, made from its recipe alone."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch

from forethought.config import find
from forethought.data import TaskBatches
from forethought.encoders import ReasoningEncoder
from forethought.errors import ConfigError
from forethought.renderers import Renderer
from forethought.training.batch_builder import BatchBuilder
from forethought.training.objective import RunContext
from forethought.training.reader import Reader
from forethought.training.recipe import Recipe
from forethought.training.rollouts import Rollouts
from forethought.training.run_folder import RunFolder
from forethought.training.start import make_scratch, starting_encoder
from forethought.training.train_step import TrainStep, bind_terms
from forethought.types import OpenProgress, Side, no_progress


@dataclass(frozen=True, slots=True, eq=False)
class TrainState:
    """The model, its optimizer, and what turns a step's number into a loss."""

    encoder: ReasoningEncoder
    optimizer: torch.optim.Optimizer
    train_step: TrainStep

    @property
    def network(self) -> torch.nn.Module:
        """The network that is trained."""
        network: torch.nn.Module = self.encoder.engine.backbone.network
        return network


def build_train_state(
    recipe: Recipe, folder: RunFolder, *, open_progress: OpenProgress = no_progress
) -> TrainState:
    """Load the starting model, open the data and bind the objectives.

    A model made from scratch is written into the run's folder first.

    Raises:
        ConfigError: if the recipe does not fit the data or the model.
        DataError: if the data cannot be read.
        ModelError: if the starting model cannot be loaded.
        CheckpointError: if the run to fork from has no starting model.
    """
    source = recipe.data.source
    batches = TaskBatches(source, recipe.seed)
    for stage in recipe.stages:
        if stage.batch:
            batches.check(stage.odds)
    encoder = starting_encoder(recipe, _checkpoint(recipe, folder, open_progress))
    _check_thinks(recipe, encoder)
    renderer = _renderer(recipe, encoder, open_progress)
    builder = BatchBuilder(
        source=source,
        batches=batches,
        renderer=renderer,
        thinks=encoder.family.thinks,
        augment=find(recipe.augment, {}, kind="augmentation") if recipe.augment else None,
        seed=recipe.seed,
    )
    engine = encoder.local
    reader = Reader(engine.backbone, engine.pad_id)
    run = RunContext(
        replace(encoder, renderer=renderer), reader, source, recipe.seed, open_progress
    )
    rollouts = Rollouts(recipe, builder, engine)
    train_step = TrainStep(recipe, rollouts, reader, bind_terms(recipe, run))
    network = engine.backbone.network
    return TrainState(encoder, _optimizer(network, recipe.weight_decay), train_step)


def _checkpoint(recipe: Recipe, folder: RunFolder, open_progress: OpenProgress) -> str | Path:
    """The checkpoint to start from; one from scratch is made unless the run goes on."""
    if recipe.scratch is None:
        return recipe.init or ""
    if recipe.fork_from is not None:
        folder.copy_start(RunFolder(recipe.fork_from))
        return folder.start
    if not (folder.can_resume and folder.has_start):
        with open_progress(f"{folder.start}: learning a tokenizer, drawing weights"):
            make_scratch(
                recipe.scratch,
                recipe.data.source,
                name=recipe.name,
                seed=recipe.seed,
                folder=folder.start,
            )
    return folder.start


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


def _check_thinks(recipe: Recipe, encoder: ReasoningEncoder) -> None:
    thinks = recipe.gate or any(stage.sft or stage.self_generated for stage in recipe.stages)
    if thinks and Side.QUERY not in encoder.family.thinks:
        raise ConfigError(
            f"{encoder.name} ({encoder.family.title}) never thinks: leave sft, self_generated and "
            "[gate] out of its recipe"
        )


def _optimizer(network: torch.nn.Module, weight_decay: float) -> torch.optim.Optimizer:
    """AdamW, with weight decay on matrices alone, with groups of its own for the vision encoder."""
    kinds: dict[tuple[float, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        decay = weight_decay if parameter.ndim > 1 else 0.0
        kinds.setdefault((decay, ".visual." in name), []).append(parameter)
    groups = [
        {"params": parameters, "weight_decay": decay, "is_vision": is_vision}
        for (decay, is_vision), parameters in kinds.items()
    ]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
