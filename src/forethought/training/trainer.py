"""The training loop: from a recipe to a model folder, resumable at any step."""

import copy
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from forethought.backbones import QwenVL
from forethought.config import dump
from forethought.encoders import save
from forethought.training.journal import Journal
from forethought.training.optimizer_step import train_one_step
from forethought.training.parallel import Replica
from forethought.training.precision import trains_in_bf16
from forethought.training.recipe import Recipe
from forethought.training.resume import find_resumable
from forethought.training.run_checkpoint import (
    RunPosition,
    load_run,
    save_run,
)
from forethought.training.run_folder import RunFolder
from forethought.training.run_log import RunLog, open_log
from forethought.training.run_options import RunOptions
from forethought.training.run_plan import plan_run
from forethought.training.state import TrainState, build_train_state
from forethought.training.trained_weights import merged
from forethought.training.world import World
from forethought.types import OpenProgress, no_progress


def train(
    recipe: Recipe,
    out: Path,
    *,
    fresh: bool,
    max_steps: int | None = None,
    max_minutes: float | None = None,
    options: RunOptions | None = None,
    open_progress: OpenProgress,
) -> Path:
    """Run every stage, from the last checkpoint on unless `fresh`.

    Stops after `max_steps` steps of this call, or after the step that ends `max_minutes` after the
    call began, with a checkpoint. Returns the model folder. Started by `torchrun` or `accelerate
    launch`, the processes share each batch, as `options.parallel` says.

    Raises:
        CheckpointError: if the checkpoint belongs to another recipe or cannot be read.
        ConfigError: if the recipe does not fit the data, the model or the device's memory.
        DataError: if the data cannot be read.
        ModelError: if the starting model cannot be loaded.
        TrainingError: if a loss or a gradient is not finite.
    """
    options = options or RunOptions()
    world = options.world()
    # The others run the same steps; the first one reports and writes.
    open_progress = open_progress if world.leads else no_progress
    deadline = math.inf if max_minutes is None else time.monotonic() + 60 * max_minutes
    run = _Run.open(
        recipe, RunFolder(out), world, fresh=fresh, options=options, open_progress=open_progress
    )
    last = recipe.steps if max_steps is None else min(recipe.steps, run.first + max_steps)
    done = run.first
    bf16 = trains_in_bf16(run.state.encoder.engine.backbone.device)
    with run.open_log(options.track, open_progress) as log:
        for step in range(run.first, last):
            entry = train_one_step(recipe, run.state, step, bf16=bf16, failed=run.folder.failed)
            done = step + 1
            # Without a limit there is nothing to agree on.
            is_late = max_minutes is not None and world.any(
                holds=done < last and time.monotonic() >= deadline
            )
            if log:
                stopped = {"stopped": f"after {max_minutes:g} minutes"} if is_late else {}
                log.add(entry, seconds=round(run.seconds, 2), **stopped)
            for folder in run.due(done):
                run.save(folder, done)
            if is_late:
                break
    run.save(run.folder.latest, done)
    average = run.state.average
    with average.applied() if average else nullcontext():
        run.state.replica.refresh()
        if world.leads:
            save_model(run.state.replica, run.folder, name=recipe.name)
            Journal(run.folder.journal).plot(run.folder.plot)
    world.wait()
    return run.folder.model


def save_model(replica: Replica, folder: RunFolder, *, name: str) -> None:
    """Write the model, an adapter merged into it and by itself."""
    network = replica.encoder.engine.backbone.network
    if replica.adapter is not None:
        replica.adapter.save_pretrained(folder.adapter)
        # A copy: what is merged cannot be trained further.
        adapter = copy.deepcopy(replica.adapter)
        network = merged(adapter)
    engine = replace(replica.encoder.local, backbone=QwenVL(network))
    # A gate that was fitted to other weights does not fit these.
    trained = replace(replica.encoder, name=name, engine=engine, gate=None)
    save(trained, folder.model, dtype=torch.bfloat16)


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """A run in progress.

    `first` is the step it starts or resumes at, `began` the monotonic time of its step 0.
    """

    recipe: Recipe
    folder: RunFolder
    state: TrainState
    first: int
    began: float

    @classmethod
    def open(
        cls,
        recipe: Recipe,
        folder: RunFolder,
        world: World,
        *,
        fresh: bool,
        options: RunOptions,
        open_progress: OpenProgress,
    ) -> "_Run":
        if fresh and world.leads:
            folder.clear()
        world.wait()
        found = find_resumable(recipe, folder)

        def check() -> None:
            if options.check_memory:
                plan_run(recipe, folder, world, fresh=False, download=True).check_memory()

        state = build_train_state(
            recipe, folder, world=world, open_progress=open_progress, check=check
        )
        position = RunPosition(0, 0.0, {})
        if found:
            position = load_run(
                found, state.network, state.optimizer, average=state.average, world=world
            )
            state.train_step.rollouts.restore(position.completions)
        return cls(recipe, folder, state, position.step, time.monotonic() - position.seconds)

    @property
    def seconds(self) -> float:
        """How long the run has taken, over all its calls."""
        return time.monotonic() - self.began

    def open_log(
        self, track: Sequence[str], open_progress: OpenProgress
    ) -> AbstractContextManager[RunLog | None]:
        """What reports the steps; None in all processes but the first."""
        if not self.state.world.leads:
            return nullcontext()
        return open_log(
            self.recipe, self.folder, first=self.first, track=track, open_progress=open_progress
        )

    def due(self, step: int) -> Iterator[Path]:
        """The checkpoints to write once `step` steps are done."""
        done = 0
        for stage in self.recipe.stages:
            done += stage.steps
            if step == done:
                yield self.folder.after(stage.name)
        if step % self.recipe.checkpoint_every == 0:
            yield self.folder.latest

    def save(self, folder: Path, step: int) -> None:
        pending = self.state.train_step.rollouts.pending
        position = RunPosition(step, self.seconds, dump(self.recipe), pending)
        state = self.state
        save_run(
            folder,
            state.network,
            state.optimizer,
            position=position,
            average=state.average,
            world=state.world,
        )
