"""A checkpoint of a run: all that a resumed run needs, written whole or not at all."""

import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from forethought.errors import CheckpointError
from forethought.files import allow_readers
from forethought.training.average import WeightAverage
from forethought.training.parallel import like, whole
from forethought.training.world import World

_WEIGHTS, _OPTIMIZER = "weights.safetensors", "optimizer.safetensors"
_AVERAGE = "average.safetensors"
_POSITION, _COMPLETIONS = "position.json", "completions.json"


@dataclass(frozen=True, slots=True)
class RunPosition:
    """How far a run has come, under which recipe, and what it sampled for the coming steps.

    `completions` are the token ids sampled for each batch of each coming step, by weights that a
    resumed run no longer has. In a run of several processes they are this one's.
    """

    step: int
    seconds: float
    recipe: dict[str, Any]
    completions: dict[int, list[list[list[int]]]] = field(default_factory=dict)


def save_run(
    folder: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    position: RunPosition,
    average: WeightAverage | None = None,
    world: World | None = None,
) -> None:
    """Write trained weights, their average, the optimizer's state and the position; swap them in.

    Every process must call it; the first one writes.
    """
    world = world or World()
    tensors: dict[str, dict[str, Tensor]] = {
        _WEIGHTS: _on_cpu(_trained(network)),
        _OPTIMIZER: _on_cpu(_optimizer_state(network, optimizer)),
        **({_AVERAGE: _on_cpu(average.state_dict())} if average else {}),
    }
    completions = world.gather_objects(position.completions)
    if world.leads:
        _write(folder, tensors, position=position, completions=completions)
    world.wait()


def _write(
    folder: Path,
    tensors: dict[str, dict[str, Tensor]],
    *,
    position: RunPosition,
    completions: list[dict[int, list[list[list[int]]]]],
) -> None:
    for left in folder.parent.glob(f"{folder.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = folder.with_name(f"{folder.name}.new-{os.getpid()}")
    fresh.mkdir(parents=True)
    for name, values in tensors.items():
        save_file(values, fresh / name)
        allow_readers(fresh / name)
    if any(completions):
        (fresh / _COMPLETIONS).write_text(json.dumps(completions) + "\n")
    summary = {"step": position.step, "seconds": position.seconds, "recipe": position.recipe}
    (fresh / _POSITION).write_text(json.dumps(summary, indent=2) + "\n")
    old = superseded(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def superseded(folder: Path) -> Path:
    """The name of a checkpoint while the next one takes its place."""
    return folder.with_name(f"{folder.name}.old")


def find_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint: a kill between the two renames leaves the `.old` one."""
    for candidate in (folder, superseded(folder)):
        if (candidate / _POSITION).is_file():
            return candidate
    return None


def load_position(folder: Path, world: World | None = None) -> RunPosition:
    """Read how far a checkpoint had come.

    Completions that another number of processes sampled are left out: they are sampled anew.

    Raises:
        CheckpointError: if it cannot be read.
    """
    try:
        summary = json.loads((folder / _POSITION).read_text())
        return RunPosition(
            summary["step"],
            summary["seconds"],
            summary["recipe"],
            _completions(folder, world or World()),
        )
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{folder}: not a readable checkpoint ({error}); start over with --fresh"
        ) from None


def _completions(folder: Path, world: World) -> dict[int, list[list[list[int]]]]:
    path = folder / _COMPLETIONS
    by_rank = json.loads(path.read_text()) if path.exists() else []
    if len(by_rank) != world.size:
        return {}
    return {int(step): batches for step, batches in by_rank[world.rank].items()}


def load_run(
    folder: Path,
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    average: WeightAverage | None = None,
    world: World | None = None,
) -> RunPosition:
    """Put a checkpoint's weights, their average and the optimizer's state in place.

    Raises:
        CheckpointError: if it cannot be read or belongs to another network.
    """
    position = load_position(folder, world)
    parameters = _trained(network)
    try:
        weights = load_file(folder / _WEIGHTS)
        state = load_file(folder / _OPTIMIZER)
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(like(parameter, weights[name]))
                optimizer.state[parameter] = {
                    key.rsplit("/", 1)[1]: _state(parameter, value)
                    for key, value in state.items()
                    if key.rsplit("/", 1)[0] == name
                }
        if average:
            averages = load_file(folder / _AVERAGE)
            average.load_state_dict(
                {name: like(value, averages[name]) for name, value in average.state_dict().items()}
            )
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{folder}: does not fit this network ({error}); start over with --fresh"
        ) from None
    return position


def _state(parameter: Tensor, value: Tensor) -> Tensor:
    """An entry of the optimizer's state: of the parameter's shape, or the number of steps."""
    value = value.to(parameter.device)
    return like(parameter, value) if value.shape == parameter.shape else value


def _trained(network: torch.nn.Module) -> dict[str, Tensor]:
    return {name: p for name, p in network.named_parameters() if p.requires_grad}


def _optimizer_state(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": value
        for name, parameter in _trained(network).items()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _on_cpu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: whole(tensor.detach()).contiguous().cpu() for name, tensor in tensors.items()}
