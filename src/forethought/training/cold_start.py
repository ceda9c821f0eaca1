"""The run: from a recipe to a model folder, resumable at any step."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import torch

from forethought.config import dump
from forethought.errors import CheckpointError
from forethought.training import checkpoint
from forethought.training.checkpoint import Progress
from forethought.training.export import export
from forethought.training.journal import Journal
from forethought.training.recipe import Recipe
from forethought.training.state import TrainState, build_train_state
from forethought.training.train_step import rate_at

Report = Callable[[int, int, str], None]
"""Told the step just done, how many there are, and a line about it."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a run keeps what."""

    out: Path

    @property
    def latest(self) -> Path:
        """The checkpoint that the next call goes on from."""
        return self.out / "checkpoint"

    def stage(self, name: str) -> Path:
        """The checkpoint at the end of a stage."""
        return self.out / f"after-{name}"

    @property
    def model(self) -> Path:
        """The folder that `forethought.load` takes."""
        return self.out / "model"

    @property
    def journal(self) -> Path:
        """One JSON line a step."""
        return self.out / "journal.jsonl"

    def clear(self) -> None:
        """Forget what an earlier run would go on from, its tokenizer too."""
        (self.out / "tokenizer.json").unlink(missing_ok=True)
        for folder in (self.latest, checkpoint.superseded(self.latest)):
            shutil.rmtree(folder, ignore_errors=True)


def train(recipe: Recipe, out: Path, *, fresh: bool, max_steps: int | None, report: Report) -> Path:
    """Run every stage, going on from the last checkpoint unless `fresh`.

    Stops after `max_steps` steps of this call, with a checkpoint. Gives the model folder.

    Raises:
        CheckpointError: if the checkpoint belongs to another recipe or cannot be read.
        DataError: if the data are not built.
    """
    places = Places(out)
    if fresh:
        places.clear()
    state = build_train_state(recipe, out)
    progress = _resume(recipe, places, state)
    journal = Journal(places.journal)
    journal.forget_from(progress.step)
    last = recipe.steps if max_steps is None else min(recipe.steps, progress.step + max_steps)
    began = time.monotonic() - progress.seconds
    for step in range(progress.step, last):
        entry = learn(recipe, state, step)
        journal.write({**entry, "seconds": round(time.monotonic() - began, 2)})
        report(step + 1, recipe.steps, f"{entry['stage']} loss {entry['loss']:.3f}")
        _keep(recipe, places, state, progress=_progress(recipe, state, step + 1, began=began))
    _keep_now(places.latest, state, _progress(recipe, state, last, began=began))
    export(
        state.backbone,
        state.tokenizer,
        state.image_processor,
        recipe=recipe,
        folder=places.model,
    )
    journal.plot(out / "journal.png")
    return places.model


def learn(recipe: Recipe, state: TrainState, step: int, *, half: bool = True) -> dict[str, object]:
    """Take one step, in bf16 if `half`, and tell of it; float32 gives the same everywhere."""
    stage, at = recipe.stage_at(step)
    rate = rate_at(stage, at)
    for group in state.optimizer.param_groups:
        group["lr"] = rate * (stage.vision_rate if group["sees"] else 1.0)
    device = state.backbone.device.type
    with torch.autocast(device, torch.bfloat16, enabled=half):
        loss, terms = state.train_step.loss(step)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(state.backbone.network.parameters(), recipe.clip_norm)
    state.optimizer.step()
    return {
        "step": step,
        "stage": stage.name,
        "rate": rate,
        "loss": round(loss.item(), 5),
        "norm": round(norm.item(), 4),
        "terms": {name: round(term.item(), 5) for name, term in terms.items()},
    }


def _progress(recipe: Recipe, state: TrainState, step: int, *, began: float) -> Progress:
    seconds = time.monotonic() - began
    return Progress(step, seconds, dump(recipe), state.train_step.written)


def _keep(recipe: Recipe, places: Places, state: TrainState, *, progress: Progress) -> None:
    done = 0
    for stage in recipe.stages:
        done += stage.steps
        if progress.step == done:
            _keep_now(places.stage(stage.name), state, progress)
    if progress.step % recipe.checkpoint_every == 0:
        _keep_now(places.latest, state, progress)


def _keep_now(folder: Path, state: TrainState, progress: Progress) -> None:
    checkpoint.save_checkpoint(folder, state.backbone.network, state.optimizer, progress=progress)


def _resume(recipe: Recipe, places: Places, state: TrainState) -> Progress:
    found = checkpoint.find_checkpoint(places.latest)
    if found:
        kept = checkpoint.load_progress(found)
        if kept.recipe != dump(recipe):
            raise CheckpointError(
                f"{found}: was made by another recipe than this; start over with --fresh, or "
                "name another folder with --out"
            )
    elif recipe.start:
        found = _shared_stages(recipe, Places(recipe.start))
    if not found:
        return Progress(0, 0.0, dump(recipe))
    progress = checkpoint.load_checkpoint(found, state.backbone.network, state.optimizer)
    state.train_step.take_up(progress.written)
    return progress


def _shared_stages(recipe: Recipe, start: Places) -> Path:
    """The other run's checkpoint after the last of the leading stages that both runs share."""
    kept = checkpoint.find_checkpoint(start.latest)
    if not kept:
        raise CheckpointError(
            f"{start.out}: holds no run to start from; train that one first, or leave `start` "
            "out of the recipe"
        )
    theirs = checkpoint.load_progress(kept).recipe["stages"]
    both = zip(recipe.stages, theirs, strict=False)
    shared = [stage for stage, _ in takewhile(lambda pair: dump(pair[0]) == pair[1], both)]
    if not shared:
        raise CheckpointError(
            f"{start.out}: its first stage is not the one in this recipe; make them alike, or "
            "leave `start` out of the recipe"
        )
    found = checkpoint.find_checkpoint(start.stage(shared[-1].name))
    if not found:
        raise CheckpointError(
            f"{start.out}: has not finished stage {shared[-1].name!r}; go on with that run first"
        )
    return found
