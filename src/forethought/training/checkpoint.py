"""A run on disk: everything the next call needs to go on, written whole or not at all."""

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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, under which recipe, and what it wrote for the coming steps.

    `written` holds the rationales of each coming step, as tokens: they were written ahead, by
    weights that a resumed run no longer has.
    """

    step: int
    seconds: float
    recipe: dict[str, Any]
    written: dict[int, list[list[int]]] = field(default_factory=dict)


def save_checkpoint(
    folder: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer, *, progress: Progress
) -> None:
    """Write weights, the optimiser's moments and the progress, then swap the folder in."""
    for left in folder.parent.glob(f"{folder.name}.new-*"):
        shutil.rmtree(left, ignore_errors=True)
    fresh = folder.with_name(f"{folder.name}.new-{os.getpid()}")
    fresh.mkdir(parents=True)
    save_file(_own(dict(network.named_parameters())), fresh / "weights.safetensors")
    save_file(_own(_moments(network, optimizer)), fresh / "moments.safetensors")
    told = {"step": progress.step, "seconds": progress.seconds, "recipe": progress.recipe}
    if progress.written:
        (fresh / "written.json").write_text(json.dumps(progress.written) + "\n")
    (fresh / "progress.json").write_text(json.dumps(told, indent=2) + "\n")
    old = superseded(folder)
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def superseded(folder: Path) -> Path:
    """Where a checkpoint lies while the next one takes its place."""
    return folder.with_name(f"{folder.name}.old")


def find_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint: a kill between the two renames leaves the `.old` one."""
    for candidate in (folder, superseded(folder)):
        if (candidate / "progress.json").is_file():
            return candidate
    return None


def load_progress(folder: Path) -> Progress:
    """Read how far a checkpoint had come.

    Raises:
        CheckpointError: if it cannot be read.
    """
    try:
        told = json.loads((folder / "progress.json").read_text())
        return Progress(told["step"], told["seconds"], told["recipe"], _written(folder))
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{folder}: not a readable checkpoint ({error}); start over with --fresh"
        ) from None


def _written(folder: Path) -> dict[int, list[list[int]]]:
    path = folder / "written.json"
    written = json.loads(path.read_text()) if path.exists() else {}
    return {int(step): rows for step, rows in written.items()}


def load_checkpoint(
    folder: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> Progress:
    """Put a checkpoint's weights and moments in place.

    Raises:
        CheckpointError: if it cannot be read or belongs to another network.
    """
    progress = load_progress(folder)
    parameters = dict(network.named_parameters())
    try:
        weights = load_file(folder / "weights.safetensors")
        moments = load_file(folder / "moments.safetensors")
        with torch.no_grad():
            for name, parameter in parameters.items():
                parameter.copy_(weights[name])
                optimizer.state[parameter] = {
                    key.rsplit("/", 1)[1]: value.to(parameter.device)
                    for key, value in moments.items()
                    if key.rsplit("/", 1)[0] == name
                }
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{folder}: does not fit this network ({error}); start over with --fresh"
        ) from None
    return progress


def _moments(network: torch.nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": value
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _own(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
