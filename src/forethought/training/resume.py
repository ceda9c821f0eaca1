"""Which checkpoint a run goes on from."""

from itertools import takewhile
from pathlib import Path

from forethought.config import dump
from forethought.errors import CheckpointError
from forethought.training.recipe import Recipe
from forethought.training.run_checkpoint import find_checkpoint, load_position
from forethought.training.run_folder import RunFolder


def find_resumable(recipe: Recipe, folder: RunFolder) -> Path | None:
    """The checkpoint to go on from: the run's own, or one of the run it forks; None for none.

    Raises:
        CheckpointError: if it belongs to another recipe or cannot be read, or there is nothing
            to fork.
    """
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
