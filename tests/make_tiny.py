"""Trains the tiny model of the tests and writes `tests/checkpoints/tiny`.

    python -m tests.make_tiny

Its weights are committed, so that every machine tests the same model: rounding sends the same
training elsewhere on another processor. Make them anew only when the checkpoint's format changes.
"""

import tempfile
from pathlib import Path

import torch

from forethought.encoders import save
from forethought.training.optimizer_step import train_one_step
from tests import tiny

FOLDER = Path(__file__).parent / "checkpoints" / "tiny"


def make(folder: Path) -> None:
    """Write a model that ends most rationales by itself, at different lengths."""
    with tempfile.TemporaryDirectory() as scratch:
        data = tiny.build(Path(scratch) / "glyphs")
        recipe = tiny.recipe(data, steps=(110, 8), rate=8e-3)
        state = tiny.state(recipe, Path(scratch) / "run")
        for step in range(recipe.steps):
            # float32: processors round bfloat16 products differently.
            train_one_step(recipe, state, step, bf16=False)
        save(state.encoder, folder, dtype=torch.bfloat16)


if __name__ == "__main__":
    make(FOLDER)
