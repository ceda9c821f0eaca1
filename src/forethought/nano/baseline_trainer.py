"""The trainer of the frozen baseline: a minute, on features computed once."""

from dataclasses import replace
from pathlib import Path

from forethought import config
from forethought.nano.fit_baseline import FrozenBaselineRecipe, fit_frozen_baseline
from forethought.types import Progress


def train_frozen_baseline(
    recipe_path: Path,
    *,
    out: Path | None,
    fresh: bool,  # noqa: ARG001 - a Trainer's; it is always fitted anew
    max_steps: int | None,  # noqa: ARG001 - a Trainer's
    progress: Progress,
) -> Path:
    """Fit the baseline that a recipe describes and return its folder.

    Raises:
        ConfigError: if the recipe has a mistake.
        DataError: if the data are not built.
    """
    recipe = config.load(recipe_path, FrozenBaselineRecipe)
    folder = out or recipe.out
    losses = fit_frozen_baseline(replace(recipe, out=folder), progress=progress)
    progress(recipe.epochs, recipe.epochs, f"loss {losses[-1]:.3f}")
    return folder
