"""From a recipe file to a model, by the trainer that the file names."""

import logging
from pathlib import Path
from typing import Protocol, runtime_checkable

from forethought import config
from forethought.encoders import find_local, load
from forethought.errors import ConfigError, DataError, ModelError
from forethought.training.fit_gate import fit_gate
from forethought.training.recipe import Recipe
from forethought.training.run_folder import RunFolder
from forethought.training.run_options import RunOptions
from forethought.training.run_plan import RunPlan, plan_run
from forethought.training.trackers import check_trackers
from forethought.training.trainer import train
from forethought.types import OpenProgress

_log = logging.getLogger(__name__)


@runtime_checkable
class Trainer(Protocol):
    """Trains one type of recipe, in one process."""

    def __call__(
        self,
        recipe_path: Path,
        *,
        out: Path | None,
        fresh: bool,
        max_steps: int | None,
        max_minutes: float | None,
        open_progress: OpenProgress,
    ) -> Path:
        """Read the recipe, train, and return the model folder; see `run`."""
        ...


def run(
    recipe_path: Path,
    *,
    out: Path | None = None,
    fresh: bool = False,
    max_steps: int | None = None,
    max_minutes: float | None = None,
    options: RunOptions | None = None,
    open_progress: OpenProgress,
) -> Path:
    """Train what a recipe describes and return the model folder.

    `trainer = "module:Name"` in the file names a `Trainer` with a recipe type of its own;
    without it the file is a `Recipe`.

    Args:
        out: the folder of the run; by default runs/NAME.
        fresh: start over instead of resuming from the last checkpoint.
        max_steps: stop after so many steps of this call.
        max_minutes: stop after the first step that ends so long after this call began.
        options: what changes nothing in the result; a trainer of its own has none.
        open_progress: called with each part of the work: a preparation, the steps, the gate.

    Raises:
        ConfigError: if the recipe has a mistake.
        CheckpointError: if the checkpoint belongs to another recipe.
        DataError: if the data cannot be read.
        ModelError: if the starting model cannot be loaded.
    """
    trainer = find_trainer(recipe_path)
    if trainer is None:
        return train_recipe(
            recipe_path,
            out=out,
            fresh=fresh,
            max_steps=max_steps,
            max_minutes=max_minutes,
            options=options,
            open_progress=open_progress,
        )
    if options not in {None, RunOptions()}:
        raise ConfigError(
            f"{recipe_path}: names a trainer, which has no options such as --parallel and --track; "
            "leave them out"
        )
    return trainer(
        recipe_path,
        out=out,
        fresh=fresh,
        max_steps=max_steps,
        max_minutes=max_minutes,
        open_progress=open_progress,
    )


def train_recipe(
    recipe_path: Path,
    *,
    out: Path | None,
    fresh: bool,
    max_steps: int | None,
    max_minutes: float | None,
    options: RunOptions | None = None,
    open_progress: OpenProgress,
) -> Path:
    """Train a `Recipe`; after its last step, fit its gate, where it asks for one."""
    check_trackers(options.track if options else ())
    recipe = read_recipe(recipe_path)
    return train_with_gate(
        recipe,
        run_folder(recipe, out),
        fresh=fresh,
        max_steps=max_steps,
        max_minutes=max_minutes,
        options=options,
        open_progress=open_progress,
    )


def plan(
    recipe_path: Path,
    *,
    out: Path | None = None,
    fresh: bool = False,
    options: RunOptions | None = None,
) -> RunPlan:
    """What `run` would do with the same arguments; nothing is trained or written.

    Raises:
        ConfigError: if the recipe has a mistake, or names a trainer of its own.
        CheckpointError: if the checkpoint belongs to another recipe.
        DataError: if the data cannot be read.
        ModelError: if the starting model is not on this machine.
    """
    options = options or RunOptions()
    if find_trainer(recipe_path) is not None:
        raise ConfigError(
            f"{recipe_path}: names a trainer, whose runs are not planned; leave --dry-run out"
        )
    check_trackers(options.track)
    recipe = read_recipe(recipe_path)
    folder = RunFolder(run_folder(recipe, out))
    return plan_run(recipe, folder, options.world(), fresh=fresh)


def run_folder(recipe: Recipe, out: Path | None) -> Path:
    """The folder of a run: the one that is named, or that of its recipe's name."""
    return out or Path("runs") / recipe.name


def read_recipe(recipe_path: Path) -> Recipe:
    """Read a `Recipe`, and check what a run would miss only at its start or its end.

    Raises:
        ConfigError: if the recipe has a mistake.
        DataError: if there is nothing to fit its gate on.
        ModelError: if it starts from a model that another recipe beside it makes, and that is
            not there.
    """
    recipe = config.load(recipe_path, Recipe)
    if recipe.init is not None and find_local(recipe.init) is None:
        _refuse_unmade(recipe.init, recipe_path)
    if recipe.gate and not len(recipe.gate.data.source):
        # Checked first: the gate is fitted last, hours later.
        raise DataError(
            f"{recipe_path}: the data of [gate] hold no examples; name other data, or leave "
            "[gate] out"
        )
    return recipe


def train_with_gate(
    recipe: Recipe,
    folder: Path,
    *,
    fresh: bool,
    max_steps: int | None = None,
    max_minutes: float | None = None,
    options: RunOptions | None = None,
    open_progress: OpenProgress,
) -> Path:
    """Train in a folder and return the model's; a run that is finished gets its gate."""
    options = options or RunOptions()
    model = train(
        recipe,
        folder,
        fresh=fresh,
        max_steps=max_steps,
        max_minutes=max_minutes,
        options=options,
        open_progress=open_progress,
    )
    if recipe.gate and options.world().leads and _is_finished(recipe, folder):
        fit_gate(load(model), recipe.gate, open_progress=open_progress).save(model)
    return model


def _refuse_unmade(init: str, recipe_path: Path) -> None:
    """Name the recipe beside this one that makes the model, if there is one."""
    name = Path(init).name
    for path in sorted(recipe_path.parent.glob("*.toml")):
        if path != recipe_path and _name(path) == name:
            raise ModelError(
                f"{recipe_path}: starts from {init}, which is not there; make it with "
                f"`forethought train {path}`, and copy runs/{name}/model to {init}"
            )


def _name(recipe_path: Path) -> object:
    """The name in a recipe; None if it has none or cannot be read."""
    try:
        return config.read(recipe_path).get("name")
    except ConfigError:
        return None


def _is_finished(recipe: Recipe, folder: Path) -> bool:
    """Whether a run has taken its last step; if not, log that it gets no gate."""
    steps = RunFolder(folder).steps
    if steps < recipe.steps:
        _log.warning(
            "%s: stopped after %d of %d steps, so no gate is fitted and think=auto embeds "
            "directly; the same command without --steps and --minutes finishes the run",
            folder,
            steps,
            recipe.steps,
        )
    return steps >= recipe.steps


def find_trainer(recipe_path: Path) -> Trainer | None:
    """The trainer that a recipe names; None for the general one.

    Raises:
        ConfigError: if it cannot be read or imported.
    """
    name = config.read(recipe_path).get("trainer")
    if name is None:
        return None
    if not isinstance(name, str):
        raise ConfigError(f"{recipe_path}: trainer must be an import path, got {name!r}")
    known: dict[str, Trainer] = {}
    return config.find(name, known, kind="trainer")
