"""One recipe file, whatever it trains."""

from pathlib import Path

from forethought.config import load
from forethought.data import GlyphPairs
from forethought.encoders import ReasoningEncoder
from forethought.encoders import load as load_encoder
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

    A run goes on from its last checkpoint unless `fresh`; `max_steps` ends this call early.

    Raises:
        ConfigError: if the recipe has a mistake.
        CheckpointError: if the checkpoint belongs to another recipe.
        DataError: if the data are not built.
    """
    recipe = load(recipe_path, Recipe)
    folder = out or Path("runs") / recipe.name
    model = train(recipe, folder, fresh=fresh, max_steps=max_steps, report=report)
    if any(stage.own for stage in recipe.stages):
        _add_gate(model, recipe)
    return model


def _add_gate(model: Path, recipe: Recipe) -> None:
    encoder = load_encoder(model)
    if isinstance(encoder, ReasoningEncoder):
        fit_gate(encoder, GlyphPairs(recipe.data, "dev"), recipe.gate).save(model)
