"""What trains in the benchmark of a step: a model, its pairs, and a loss of four terms."""

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.ume_2b import SHAPES, UME_2B, ume_2b
from forethought import config
from forethought.backbones import QwenVL
from forethought.errors import ConfigError
from forethought.training import (
    DrawnPairs,
    Recipe,
    RunFolder,
    TrainState,
    build_train_state,
    train_state_of,
    trains_in_bf16,
)

TEMPERATURE = 0.05
RATE = 1e-5
CLIP_NORM = 1.0
SUB_BATCH = 64
"""UME-R1's (arXiv 2511.00405): no task of the built data has 4,096 pairs."""
GLYPHS, LAB = Path("data/glyphs"), Path("data/lab")
PATCHES, SMALL_PATCHES = (256, 1024), (16, 64)
TINY = ", tiny shape"
_LONG = 1 << 20
"""Steps of the recipe: more than any run takes."""
_PAIRS = 8192
"""The number of random pairs: more than any batch has."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainSetup:
    """A model in training.

    The loss is UME-R1's (arXiv 2511.00405): InfoNCE among direct states and among states behind
    true rationales, and next-token loss on the rationales of either side. Nothing is sampled.
    """

    name: str
    pairs: str
    recipe: Recipe
    state: TrainState

    @property
    def device(self) -> torch.device:
        """Where it trains."""
        return self.state.encoder.local.backbone.device

    @property
    def bf16(self) -> bool:
        """Whether it trains under bfloat16 autocast, as `forethought train` decides."""
        return trains_in_bf16(self.device)

    @property
    def batch(self) -> int:
        """Pairs a step."""
        return self.recipe.stages[0].batch

    def drawn(self, step: int) -> DrawnPairs:
        """The rendered pairs of a step."""
        (batch,) = self.state.train_step.batches(step)
        assert batch.batch is not None  # noqa: S101 - its stage draws pairs
        return batch.batch.drawn

    def num_tokens(self, step: int) -> int:
        """The tokens of a step: of prompts and rationales, without padding."""
        drawn, builder = self.drawn(step), self.state.train_step.rollouts.builder
        rows = builder.rows(drawn, (), self.recipe.stages[0]).rows
        return sum(len(row.prompt.prefix_ids) + len(row.completion) for row in rows)

    def with_memory(self, **settings: Any) -> "TrainSetup":  # noqa: ANN401 - numbers and switches
        """The same model, pairs and optimizer, with some settings of memory changed."""
        memory = replace(self.recipe.memory, **settings)
        return self.with_recipe(replace(self.recipe, memory=memory))

    def with_batch(self, batch: int) -> "TrainSetup":
        """The same model and optimizer, with so many pairs a step, at most `SUB_BATCH` of a task."""
        (stage,) = self.recipe.stages
        stage = replace(stage, batch=batch, sub_batch=min(batch, SUB_BATCH))
        return self.with_recipe(replace(self.recipe, stages=(stage,)))

    def with_recipe(self, recipe: Recipe) -> "TrainSetup":
        """The same model, pairs and optimizer, with another batch or other settings of memory."""
        step = copy.copy(self.state.train_step)
        step.recipe = recipe
        step.reader = replace(step.reader, memory=recipe.memory)
        step.rollouts = replace(step.rollouts, recipe=recipe)
        return replace(self, recipe=recipe, state=replace(self.state, train_step=step, module=step))


def lab(*, batch: int) -> TrainSetup:
    """The text-only model, with its data or random texts."""
    data = _built(LAB) if LAB.is_dir() else random_pairs(words=24)
    return checkpoint_setup("lab", recipe_table("models/lab", data, batch=batch))


def nano(*, batch: int) -> TrainSetup:
    """The default model, with its data and the stored features of their pictures, or with noise."""
    if not GLYPHS.is_dir():
        data = random_pairs(words=24, patches=SMALL_PATCHES)
        return checkpoint_setup("nano", recipe_table("models/nano", data, batch=batch))
    table = recipe_table("models/nano", _built(GLYPHS), batch=batch)
    table["augment"] = "forethought.nano:vary_pictures"
    features = {"use": "forethought.nano:PictureFeatures", "data": GLYPHS.as_posix()}
    return checkpoint_setup("nano", table | {"pictures": features})


def ume(shape: str, *, batch: int) -> TrainSetup:
    """UME-R1-2B's size, or the small stand-in, with random weights and pairs.

    Raises:
        ConfigError: if the shape is unknown, or the full one is to run without CUDA.
    """
    check_shape(shape)
    is_full = SHAPES[shape] is UME_2B
    patches = PATCHES if is_full else SMALL_PATCHES
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = ume_2b(SHAPES[shape], device=device, patches=patches).encoder
    # As `forethought train` loads weights: in float32.
    network = encoder.local.backbone.network.float().train()
    encoder = replace(encoder, engine=replace(encoder.local, backbone=QwenVL(network)))
    data = random_pairs(words=256 if is_full else 24, patches=patches)
    table = recipe_table("a name", data, batch=batch)
    # Without it the plain Trainer's padded batch of 16 pairs takes more than 80 GB.
    table["memory"] = {"gradient_checkpointing": is_full}
    recipe = _recipe(table)
    name = "ume-2b" if is_full else f"ume-2b{TINY}"
    return _ready(name, recipe, train_state_of(encoder, recipe))


def check_shape(shape: str) -> None:
    """Refuse a shape that there is none of.

    Raises:
        ConfigError: if the shape is unknown.
    """
    if shape not in SHAPES:
        raise ConfigError(f"unknown --shape {shape!r}; known: {', '.join(SHAPES)}")


def checkpoint_setup(name: str, table: dict[str, Any]) -> TrainSetup:
    """A setup whose model is loaded from the checkpoint that the recipe's table names.

    Raises:
        ModelError: if it cannot be loaded.
    """
    recipe = _recipe(table)
    with TemporaryDirectory() as folder:
        state = build_train_state(recipe, RunFolder(Path(folder)))
    return _ready(name, recipe, state)


def random_pairs(*, words: int, patches: tuple[int, int] = (0, 0)) -> dict[str, Any]:
    """The table of `RandomPairs` as a recipe's data."""
    use = "benchmarks.random_pairs:RandomPairs"
    fewest, most = patches
    return {"use": use, "count": _PAIRS, "words": words, "fewest": fewest, "most": most}


def _ready(name: str, recipe: Recipe, state: TrainState) -> TrainSetup:
    for group in state.optimizer.param_groups:
        group["lr"] = RATE
    return TrainSetup(name, str(recipe.data.settings.get("folder", "random")), recipe, state)


def _built(folder: Path) -> dict[str, Any]:
    return {"use": "forethought.nano:GlyphExamples", "folder": folder.as_posix()}


def _recipe(table: dict[str, Any]) -> Recipe:
    return config.build(table, Recipe, where="the benchmark's recipe")


def recipe_table(init: str, data: dict[str, Any], *, batch: int) -> dict[str, Any]:
    """The table of a recipe that starts from a checkpoint, with the loss of `TrainSetup`."""
    warm = {"weight": 1.0, "temperature": TEMPERATURE}
    tokens = {"use": "next_token", "weight": 1.0}
    stage = {
        "name": "bench",
        "steps": _LONG,
        "batch": batch,
        "peak_rate": RATE,
        "sft": 1.0,
        "oracle": 1.0,
        "objectives": [
            {"use": "direct", **warm},
            {"use": "thought", **warm},
            {"name": "query_tokens", "side": "query", **tokens},
            {"name": "document_tokens", "side": "document", **tokens},
        ],
    }
    return {
        "name": "bench",
        "seed": 0,
        "init": init,
        "data": data,
        "weight_decay": 0.05,
        "clip_norm": CLIP_NORM,
        "checkpoint_every": _LONG,
        "stages": [stage],
    }
