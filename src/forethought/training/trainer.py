"""The training loop: from a recipe to a model folder, resumable at any step."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import torch

from forethought.config import dump
from forethought.encoders import save
from forethought.errors import CheckpointError
from forethought.training.journal import Journal
from forethought.training.precision import trains_in_bf16
from forethought.training.recipe import Recipe
from forethought.training.run_checkpoint import (
    RunPosition,
    find_checkpoint,
    load_position,
    load_run,
    save_run,
)
from forethought.training.run_folder import RunFolder
from forethought.training.state import TrainState, build_train_state
from forethought.types import OpenProgress


def train(
    recipe: Recipe,
    out: Path,
    *,
    fresh: bool,
    max_steps: int | None = None,
    max_minutes: float | None = None,
    open_progress: OpenProgress,
) -> Path:
    """Run every stage, from the last checkpoint on unless `fresh`.

    Stops after `max_steps` steps of this call, or after the step that ends `max_minutes` after the
    call began, with a checkpoint. Returns the model folder.

    Raises:
        CheckpointError: if the checkpoint belongs to another recipe or cannot be read.
        ConfigError: if the recipe does not fit the data or the model.
        DataError: if the data cannot be read.
        ModelError: if the starting model cannot be loaded.
    """
    deadline = math.inf if max_minutes is None else time.monotonic() + 60 * max_minutes
    run = _Run.open(recipe, RunFolder(out), fresh=fresh, open_progress=open_progress)
    last = recipe.steps if max_steps is None else min(recipe.steps, run.first + max_steps)
    journal = Journal(run.folder.journal)
    journal.truncate(run.first)
    done = run.first
    bf16 = trains_in_bf16(run.state.encoder.engine.backbone.device)
    with open_progress(f"training {recipe.name}") as progress:
        for step in range(run.first, last):
            entry = train_one_step(recipe, run.state, step, bf16=bf16)
            done = step + 1
            is_late = done < last and time.monotonic() >= deadline
            stopped = {"stopped": f"after {max_minutes:g} minutes"} if is_late else {}
            journal.write({**entry, "seconds": round(run.seconds, 2), **stopped})
            for folder in run.due(done):
                run.save(folder, done)
            progress(done, recipe.steps, f"{entry['stage']} loss {entry['loss']:.3f}")
            if is_late:
                break
    run.save(run.folder.latest, done)
    # A gate that was fitted to other weights does not fit these.
    trained = replace(run.state.encoder, name=recipe.name, gate=None)
    save(trained, run.folder.model, dtype=torch.bfloat16)
    journal.plot(run.folder.plot)
    return run.folder.model


def train_one_step(
    recipe: Recipe, state: TrainState, step: int, *, bf16: bool
) -> dict[str, object]:
    """Take one optimizer step; returns its journal entry.

    Args:
        bf16: run the network under bfloat16 autocast; float32 is the same on every processor.
    """
    stage, index = recipe.stage_at(step)
    rate = stage.rate_at(index)
    for group in state.optimizer.param_groups:
        group["lr"] = rate * (stage.vision_rate if group["is_vision"] else 1.0)
    device = state.encoder.engine.backbone.device.type
    with torch.autocast(device, torch.bfloat16, enabled=bf16):
        loss, terms = state.train_step.loss(step)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(state.network.parameters(), recipe.clip_norm)
    state.optimizer.step()
    return {
        "step": step,
        "stage": stage.name,
        "rate": rate,
        "loss": round(loss.item(), 5),
        "norm": round(norm.item(), 4),
        "terms": {name: round(term.item(), 5) for name, term in terms.items()},
    }


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
        cls, recipe: Recipe, folder: RunFolder, *, fresh: bool, open_progress: OpenProgress
    ) -> "_Run":
        if fresh:
            folder.clear()
        found = _checkpoint(recipe, folder)
        state = build_train_state(recipe, folder, open_progress=open_progress)
        position = RunPosition(0, 0.0, {})
        if found:
            position = load_run(found, state.network, state.optimizer)
            state.train_step.rollouts.restore(position.completions)
        return cls(recipe, folder, state, position.step, time.monotonic() - position.seconds)

    @property
    def seconds(self) -> float:
        """How long the run has taken, over all its calls."""
        return time.monotonic() - self.began

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
        save_run(folder, self.state.network, self.state.optimizer, position=position)


def _checkpoint(recipe: Recipe, folder: RunFolder) -> Path | None:
    """The checkpoint to go on from: the run's own, or one of the run it forks."""
    found = find_checkpoint(folder.latest)
    if found and load_position(found).recipe != dump(recipe):
        raise CheckpointError(
            f"{found}: was made by another recipe than this; start over with --fresh, or name "
            "another folder with --out"
        )
    if found or recipe.fork_from is None:
        return found
    return _last_shared(recipe, RunFolder(recipe.fork_from))


def _last_shared(recipe: Recipe, other: RunFolder) -> Path:
    """The other run's checkpoint after the last of the leading stages that both runs share."""
    found = find_checkpoint(other.latest)
    if not found:
        raise CheckpointError(
            f"{other.path}: holds no run to fork from; train that one first, or leave "
            "`fork_from` out of the recipe"
        )
    stages = load_position(found).recipe["stages"]
    both = zip(recipe.stages, stages, strict=False)
    shared = [stage for stage, _ in takewhile(lambda pair: dump(pair[0]) == pair[1], both)]
    if not shared:
        raise CheckpointError(
            f"{other.path}: its first stage is not the one in this recipe; make them equal, or "
            "leave `fork_from` out of the recipe"
        )
    after = find_checkpoint(other.after(shared[-1].name))
    if not after:
        raise CheckpointError(
            f"{other.path}: has not finished stage {shared[-1].name!r}; resume that run first"
        )
    return after
