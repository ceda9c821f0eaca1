"""The trainer of the frozen baseline: a minute, on features computed once."""

from pathlib import Path

from forethought import config
from forethought.nano.fit_baseline import FrozenBaselineRecipe, fit_frozen_baseline
from forethought.types import OpenProgress


def train_frozen_baseline(
    recipe_path: Path,
    *,
    out: Path | None,
    fresh: bool,  # noqa: ARG001 - a Trainer's; it is always fitted anew
    max_steps: int | None,
    open_progress: OpenProgress,
) -> Path:
    """Fit the baseline that a recipe describes and return its folder, by default runs/NAME.

    Raises:
        ConfigError: if the recipe has a mistake.
        DataError: if the data are not built.
    """
    recipe = config.load(recipe_path, FrozenBaselineRecipe)
    folder = out or Path("runs") / recipe.name
    fit_frozen_baseline(recipe, folder, max_steps=max_steps, open_progress=open_progress)
    return folder
