"""One recipe file, whatever it trains."""

import tomllib
from dataclasses import replace
from pathlib import Path

from forethought import config
from forethought.data import GlyphPairs
from forethought.encoders import ReasoningEncoder, load
from forethought.errors import DataError
from forethought.nano import FrozenBaselineRecipe, fit_frozen_baseline
from forethought.training.cold_start import Report, train
from forethought.training.gate import fit_gate
from forethought.training.recipe import Recipe


def run(
    recipe_path: Path,
    *,
    out: Path | None = None,
    fresh: bool = False,
    max_steps: int | None = None,
    report: Report,
) -> Path:
    """Train what a recipe says and give the model folder.

    A recipe with stages trains a model that thinks; it goes on from its last checkpoint
    unless `fresh`, and `max_steps` ends this call early. Any other is the afternoon
    baseline, which is fitted anew in a minute.

    Raises:
        ConfigError: if the recipe has a mistake.
        CheckpointError: if the checkpoint belongs to another recipe.
        DataError: if the data are not built.
    """
    if not _has_stages(recipe_path):
        return _run_afternoon(recipe_path, out, report)
    recipe = config.load(recipe_path, Recipe)
    folder = out or Path("runs") / recipe.name
    held_out = GlyphPairs(recipe.data, "dev")
    thinks = any(stage.own for stage in recipe.stages)
    if thinks and not held_out.pairs:
        # Said now: the gate is fitted last, hours later.
        raise DataError(
            f"{recipe.data}: has no pairs of split 'dev', on which the gate is fitted; build the "
            "data again with `forethought data glyphs`"
        )
    model = train(recipe, folder, fresh=fresh, max_steps=max_steps, report=report)
    encoder = load(model)
    if thinks and isinstance(encoder, ReasoningEncoder):
        fit_gate(encoder, held_out, recipe.gate).save(model)
    return model


def _has_stages(recipe_path: Path) -> bool:
    """Whether a file has any; one that is not TOML is left to the strict reader's message."""
    try:
        return "stages" in tomllib.loads(recipe_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True


def _run_afternoon(recipe_path: Path, out: Path | None, report: Report) -> Path:
    recipe = config.load(recipe_path, FrozenBaselineRecipe)
    folder = out or recipe.out
    losses = fit_frozen_baseline(
        replace(recipe, out=folder),
        progress=lambda done, total, _="": report(done, total, "fitting the head"),
    )
    report(recipe.epochs, recipe.epochs, f"loss {losses[-1]:.3f}")
    return folder
