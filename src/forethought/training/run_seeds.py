"""One recipe, trained once for each of several seeds."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from forethought.config import dump
from forethought.encoders import CARD, load_gate
from forethought.errors import CheckpointError
from forethought.training.recipe import Recipe
from forethought.training.run import read_recipe, train_with_gate
from forethought.training.run_checkpoint import find_checkpoint, load_position
from forethought.training.run_folder import RunFolder
from forethought.types import OpenProgress


def run_seeds(
    recipe_path: Path,
    seeds: Sequence[int],
    *,
    runs: Path = Path("runs"),
    open_progress: OpenProgress,
) -> dict[int, Path]:
    """Train a recipe with each seed in place of its own, and return the model folders.

    A run lies in the folder FILE-seed-N of `runs`, after the recipe's file: a finished one is
    taken as it is, an interrupted one resumed.

    Raises:
        ConfigError: if the recipe has a mistake.
        CheckpointError: if a run belongs to another recipe.
        DataError: if the data cannot be read.
        ModelError: if the starting model cannot be loaded.
    """
    recipe = read_recipe(recipe_path)
    planned = {
        seed: (replace(recipe, seed=seed), RunFolder(runs / f"{recipe_path.stem}-seed-{seed}"))
        for seed in seeds
    }
    # Checked first: the runs take minutes each.
    missing = [seed for seed, run in planned.items() if not _is_finished(*run, recipe_path)]
    for seed in missing:
        seeded, folder = planned[seed]
        train_with_gate(seeded, folder.path, fresh=False, open_progress=open_progress)
    return {seed: folder.model for seed, (_, folder) in planned.items()}


def _is_finished(recipe: Recipe, folder: RunFolder, recipe_path: Path) -> bool:
    """Whether a run has taken its last step and written its model, with its gate.

    Raises:
        CheckpointError: if the run belongs to another recipe.
    """
    found = find_checkpoint(folder.latest)
    if found is None:
        return False
    position = load_position(found)
    if position.recipe != dump(recipe):
        raise CheckpointError(
            f"{folder.path}: was trained by another recipe than {recipe_path} is now; move or "
            "delete the folder, or give the recipe another file name"
        )
    has_model = (folder.model / CARD).is_file()
    is_trained = position.step >= recipe.steps and has_model
    return is_trained and (recipe.gate is None or load_gate(folder.model) is not None)
