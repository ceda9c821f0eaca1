"""A run on disk: everything the next call needs to go on, written whole or not at all."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from forethought.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come, and under which recipe."""

    step: int
    seconds: float
    recipe: dict[str, Any]


def save_checkpoint(
    folder: Path, network: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write weights, the optimiser's moments and the progress, then swap the folder in."""
    fresh = folder.with_name(f"{folder.name}.new-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(_own(dict(network.named_parameters())), fresh / "weights.safetensors")
    save_file(_own(_moments(network, optimizer)), fresh / "moments.safetensors")
    told = {"step": progress.step, "seconds": progress.seconds, "recipe": progress.recipe}
    (fresh / "progress.json").write_text(json.dumps(told, indent=2) + "\n")
    old = folder.with_name(f"{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def find_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint: a kill between the two renames leaves the `.old` one."""
    for candidate in (folder, folder.with_name(f"{folder.name}.old")):
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
        return Progress(told["step"], told["seconds"], told["recipe"])
    except (OSError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"{folder}: not a readable checkpoint ({error}); start over with --fresh"
        ) from None


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
                    key.rsplit("/", 1)[1]: value.to(parameter.device if value.ndim else "cpu")
                    for key, value in moments.items()
                    if key.rsplit("/", 1)[0] == name
                }
    except (OSError, SafetensorError, KeyError, RuntimeError) as error:
        raise CheckpointError(
            f"{folder}: does not fit this network ({error}); start over with --fresh"
        ) from None
    return progress


def _moments(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer
) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": value
        for name, parameter in network.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _own(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().contiguous().cpu() for name, tensor in tensors.items()}
