"""One step of an optimizer: the gradients of its batches, checked before any weight changes."""

import json
import math
from pathlib import Path

import torch
from torch import Tensor

from forethought.errors import TrainingError
from forethought.files import write_text
from forethought.training.parallel import clear_unused, whole
from forethought.training.recipe import Recipe
from forethought.training.state import TrainState
from forethought.training.train_step import NotFiniteError, StepBatch
from forethought.training.world import World


def train_one_step(
    recipe: Recipe, state: TrainState, step: int, *, bf16: bool, failed: Path | None = None
) -> dict[str, object]:
    """Take one optimizer step; returns its journal entry.

    Its `tokens` are those fed to the network for the losses, without padding, of all processes.

    Args:
        bf16: run the network under bfloat16 autocast; float32 is the same on every processor.
        failed: where the examples of a step that fails are written.

    Raises:
        TrainingError: if the loss or the gradient is not finite; the weights are left as they were.
    """
    stage, index = recipe.stage_at(step)
    rate = stage.rate_at(index)
    fed = state.train_step.reader.fed
    before = fed.total
    for group in state.optimizer.param_groups:
        group["lr"] = rate * (stage.vision_rate if group["is_vision"] else 1.0)
    batches = state.train_step.batches(step)
    state.optimizer.zero_grad(set_to_none=True)
    try:
        losses = [_backward(state, batch, share=1 / len(batches), bf16=bf16) for batch in batches]
    except NotFiniteError as error:
        raise _failure(step, batches, world=state.world, reason=str(error), file=failed) from None
    trained = [p for p in state.network.parameters() if p.requires_grad]
    if state.world.size > 1:
        clear_unused(trained)
    norm = whole(torch.nn.utils.clip_grad_norm_(trained, recipe.clip_norm)).item()
    loss, terms = _means(losses)
    if not (math.isfinite(loss) and math.isfinite(norm)):
        reason = f"loss {loss:g}, gradient norm {norm:g}, terms {terms}"
        raise _failure(step, batches, world=state.world, reason=reason, file=failed)
    state.optimizer.step()
    if state.average:
        state.average.update()
    return {
        "step": step,
        "stage": stage.name,
        "rate": rate,
        "loss": loss,
        "norm": round(norm, 4),
        "tokens": state.world.sum(fed.total - before),
        "terms": terms,
        **_skipped(batches, state.world),
    }


def _backward(
    state: TrainState, batch: StepBatch, *, share: float, bf16: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    """Add a batch's gradients, times its share of the step, to the others'; loss and terms."""
    device = state.encoder.engine.backbone.device.type
    with torch.autocast(device, torch.bfloat16, enabled=bf16):
        loss, terms = state.module(batch)
    (share * loss).backward()
    return loss.detach(), {name: term.detach() for name, term in terms.items()}


def _means(losses: list[tuple[Tensor, dict[str, Tensor]]]) -> tuple[float, dict[str, float]]:
    """The mean loss of a step's batches, and that of each term over the batches that have it."""
    terms: dict[str, list[Tensor]] = {}
    for _, found in losses:
        for name, term in found.items():
            terms.setdefault(name, []).append(term)
    means = {name: round(float(torch.stack(found).mean()), 5) for name, found in terms.items()}
    return round(float(torch.stack([loss for loss, _ in losses]).mean()), 5), means


def _skipped(batches: list[StepBatch], world: World) -> dict[str, int]:
    """How many examples of a step its source left out, if any."""
    mine = sum(batch.batch.drawn.skipped for batch in batches if batch.batch)
    skipped = sum(world.gather_objects(mine))
    return {"skipped": skipped} if skipped else {}


def _failure(
    step: int, batches: list[StepBatch], *, world: World, reason: str, file: Path | None
) -> TrainingError:
    """The error of a step that is not finite; its examples are written to a file."""
    mine = [example for batch in batches for example in batch.examples]
    examples = [example for part in world.gather_objects(mine) for example in part]
    where = ""
    if file is not None:
        where = f"its {len(examples)} examples are in {file}; "
        if world.leads:
            entry = {"step": step, "reason": reason, "examples": examples}
            write_text(file, json.dumps(entry, indent=2) + "\n")
    return TrainingError(
        f"step {step}: {reason}; training needs finite numbers; {where}the last checkpoint is "
        "unchanged: leave these examples out, or lower peak_rate or clip_norm in a new run"
    )
