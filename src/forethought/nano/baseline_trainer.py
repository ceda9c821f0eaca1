"""The trainer of the frozen baseline: a minute, on features computed once."""

from pathlib import Path

from forethought import config
from forethought.errors import ConfigError
from forethought.nano.fit_baseline import FrozenBaselineRecipe, fit_frozen_baseline
from forethought.types import OpenProgress


def train_frozen_baseline(
    recipe_path: Path,
    *,
    out: Path | None,
    fresh: bool,  # noqa: ARG001 - a Trainer's; it is always fitted anew
    max_steps: int | None,
    max_minutes: float | None,
    open_progress: OpenProgress,
) -> Path:
    """Fit the baseline that a recipe describes and return its folder, by default runs/NAME.

    Raises:
        ConfigError: if the recipe has a mistake, or there are `max_minutes`.
        DataError: if the data are not built.
    """
    if max_minutes is not None:
        raise ConfigError(
            f"{recipe_path}: a baseline is fitted in a minute and cannot go on later; leave --minutes "
            "out, or stop it by --steps"
        )
    recipe = config.load(recipe_path, FrozenBaselineRecipe)
    folder = out or Path("runs") / recipe.name
    fit_frozen_baseline(recipe, folder, max_steps=max_steps, open_progress=open_progress)
    return folder
