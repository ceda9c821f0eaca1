"""Trains the tiny model of the tests and writes `tests/checkpoints/tiny`.

    python -m tests.make_tiny

Its weights are committed, so that every machine tests the same model: rounding sends the same
training elsewhere on another processor. Make them anew only when the checkpoint's format changes.
"""

import tempfile
from pathlib import Path

from forethought.training.cold_start import learn
from forethought.training.export import export
from forethought.training.state import build_train_state
from tests import tiny

FOLDER = Path(__file__).parent / "checkpoints" / "tiny"


def make(folder: Path) -> None:
    """Write a model that ends most rationales by itself, at different lengths."""
    with tempfile.TemporaryDirectory() as scratch:
        data = tiny.build(Path(scratch) / "glyphs")
        recipe = tiny.recipe(data, steps=(110, 8), rate=8e-3)
        state = build_train_state(recipe, Path(scratch) / "run")
        for step in range(recipe.steps):
            # float32: processors round bfloat16 products differently.
            learn(recipe, state, step, half=False)
        export(state.backbone, state.tokenizer, state.image_processor, recipe=recipe, folder=folder)


if __name__ == "__main__":
    make(FOLDER)
