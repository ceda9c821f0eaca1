"""A data set that fits in a second: coloured squares, their names, and sums about them.

It is written in the layout of `forethought data glyphs`, so whatever trains or is judged on
that trains on this.
"""

import io
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from forethought.backbones import Shape
from forethought.data import ExampleSource
from forethought.encoders import ReasoningEncoder, save
from forethought.training import PairBatch, Reader, RunContext, StepInputs
from forethought.training.optimizer_step import train_one_step
from forethought.training.recipe import (
    DefaultInstructions,
    GateSettings,
    Recipe,
    RolloutSettings,
    ScratchSettings,
    SourceSettings,
)
from forethought.training.run_folder import RunFolder
from forethought.training.stage import ObjectiveSettings, Stage, TaskWeight
from forethought.training.start import make_scratch
from forethought.training.state import TrainState, build_train_state

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 180, 60),
    "blue": (40, 60, 220),
    "yellow": (240, 220, 40),
    "black": (10, 10, 10),
    "violet": (150, 40, 200),
    "orange": (250, 140, 20),
}
STYLES = ("plain", "framed")
BUDGET = 24
SHAPE = Shape(
    vocabulary=320,
    hidden=32,
    layers=2,
    heads=2,
    key_value_heads=1,
    feed_forward=48,
    context=160,
    vision_hidden=24,
    vision_layers=1,
    vision_heads=2,
    spread=0.03,
)


def square(colour: tuple[int, int, int], style: str) -> bytes:
    """A picture of 56 x 56: all one colour, or inside a black frame."""
    pixels = np.full((56, 56, 3), colour, dtype=np.uint8)
    if style == "framed":
        pixels[:6] = pixels[-6:] = 0
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def build(folder: Path, *, thinking: str = "A square: {}.") -> Path:
    """Write every Parquet file that training reads; `thinking` says what is thought of a name."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = [
        {"picture": f"{style}/{name}", "concept": name, "style": style, "png": square(rgb, style)}
        for name, rgb in COLOURS.items()
        for style in STYLES
    ]
    examples = [
        _pair(task, name, style=style, thinking=thinking.format(name))
        for task in ("keywords", "name")
        for name in COLOURS
        for style in STYLES
    ]
    _write(folder / "pictures.parquet", pictures)
    _write(
        folder / "examples.parquet", [{**e, "split": s} for s in ("train", "dev") for e in examples]
    )
    _write(
        folder / "statements.parquet",
        [
            {
                "text": f"{name.title()} is a colour.",
                "start": len(f"{name} is "),
                "topic": "paint" if name == "red" else "colour",
            }
            for name in COLOURS
        ],
    )
    _write(folder / "texts.parquet", [{"text": f"{name} paint"} for name in COLOURS])
    return folder


def _pair(task: str, name: str, *, style: str, thinking: str) -> dict[str, str]:
    picture, words = f"{style}/{name}", f"{name}, square"
    asks = task == "keywords"
    return {
        "task": task,
        "query_instruction": "Find the picture." if asks else "Name the picture.",
        "query_text": words if asks else "",
        "query_picture": "" if asks else picture,
        "query_concept": name,
        "query_thinking": thinking,
        "query_answer": thinking.rsplit(maxsplit=1)[-1].strip("."),
        "document_instruction": "Picture." if asks else "Text.",
        "document_text": "" if asks else name,
        "document_picture": picture if asks else "",
        "document_concept": name,
        "document_thinking": thinking,
        "document_answer": thinking.rsplit(maxsplit=1)[-1].strip("."),
    }


def _write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)


def stage(name: str, *, data: Path, steps: int, rate: float, self_generated: float = 0.0) -> Stage:
    """A short stage with every general term of the loss in it, and statements."""
    return Stage(
        name=name,
        steps=steps,
        batch=6,
        sft=0.34,
        self_generated=self_generated,
        peak_rate=rate,
        vision_rate=1.7,
        warmup=2,
        cooldown=2,
        final_rate=0.1,
        objectives=tuple(objectives(data, thinks=self_generated > 0)),
        tasks=(TaskWeight("keywords", 0.7), TaskWeight("name", 0.3)),
    )


def objectives(data: Path, *, thinks: bool) -> Iterator[ObjectiveSettings]:
    """The terms of a stage."""
    warm = {"temperature": 0.07}
    yield ObjectiveSettings("direct", 0.9, settings=warm)
    if thinks:
        yield ObjectiveSettings("thought", 0.6, settings=warm)
        yield ObjectiveSettings("cross_mode", 0.8, settings=warm)
    yield ObjectiveSettings("next_token", 0.7)
    path = (data / "statements.parquet").as_posix()
    yield ObjectiveSettings(
        "forethought.nano:Statements", 0.3, "statements", {"path": path, "count": 3}
    )


def source(data: Path, **settings: str) -> SourceSettings:
    """The examples of the tiny data."""
    return SourceSettings("forethought.nano:GlyphExamples", {"folder": data.as_posix(), **settings})


def recipe(data: Path, *, steps: tuple[int, int] = (5, 6), rate: float = 3e-3) -> Recipe:
    """A run of two stages that takes a second or two."""
    return Recipe(
        name="tiny",
        seed=7,
        data=source(data),
        augment="forethought.nano:augment_pictures",
        weight_decay=0.03,
        clip_norm=1.5,
        checkpoint_every=4,
        scratch=ScratchSettings(
            tokenizer="forethought.nano:learn_tokenizer",
            pixels=56,
            budget=BUDGET,
            instructions=DefaultInstructions("Find the picture.", "Picture."),
            shape=SHAPE,
        ),
        rollouts=RolloutSettings(budget=9, temperature=0.8, interval=3),
        gate=GateSettings(price=0.002, threshold=0.4, data=source(data, split="dev")),
        stages=(
            stage("contrastive", data=data, steps=steps[0], rate=rate),
            stage("cold-start", data=data, steps=steps[1], rate=rate, self_generated=0.5),
        ),
    )


def state(recipe: Recipe, out: Path) -> TrainState:
    """What a run of the recipe in this folder works with."""
    return build_train_state(recipe, RunFolder(out))


def loss(state: TrainState, step: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The loss of a step of one batch, and its terms."""
    (batch,) = state.train_step.batches(step)
    found: tuple[torch.Tensor, dict[str, torch.Tensor]] = state.train_step(batch)
    return found


def run_context(encoder: ReasoningEncoder, examples: ExampleSource, *, seed: int = 3) -> RunContext:
    """A run of an encoder over examples."""
    engine = encoder.local
    return RunContext(encoder, Reader(engine.backbone, engine.pad_id), examples, seed)


def no_pairs(step: int) -> StepInputs:
    """A step for an objective that must not read pairs."""

    def refuse() -> PairBatch:
        raise AssertionError("pairs were read")

    return StepInputs(step, refuse)


def untrained(data: Path, folder: Path) -> Path:
    """Write the model of the tiny recipe before its first step."""
    with tempfile.TemporaryDirectory() as scratch:
        made = state(recipe(data), Path(scratch))
        save(made.encoder, folder, dtype=torch.bfloat16)
    return folder


def untrained_vl(data: Path, folder: Path, *, sees: bool) -> Path:
    """Write an untrained model of our own architecture: with a frozen vision encoder, or none."""
    scratch = recipe(data).scratch
    assert scratch is not None
    tower = "tests.backbones.random_tower:frozen_weights" if sees else None
    shape = replace(SHAPE, vision_hidden=None, vision_layers=None, vision_heads=None, tower=tower)
    settings = replace(scratch, shape=shape, pixels=112 if sees else None)
    make_scratch(settings, source(data).source, name=folder.name, seed=5, folder=folder)
    return folder


def curve(data: Path, out: Path) -> list[float]:
    """The losses of ten steps, in float32.

    `python -m tests.tiny > tests/training/losses.txt` writes them anew.
    """
    run = recipe(data)
    made = state(run, out)
    return [float(str(train_one_step(run, made, step, bf16=False)["loss"])) for step in range(10)]


def as_toml(table: dict[str, Any], prefix: str = "") -> str:
    """A recipe file with the tables that `forethought.config.dump` gives."""
    plain = [(key, value) for key, value in table.items() if not _is_table(value)]
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain]
    for key, value in table.items():
        if _is_table(value):
            many = isinstance(value, list)
            for inner in value if many else [value]:
                name = f"{prefix}{key}"
                lines += [f"[[{name}]]" if many else f"[{name}]", as_toml(inner, f"{name}.")]
    return "\n".join(lines) + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, dict) for item in value)
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        losses = curve(build(Path(scratch) / "data"), Path(scratch) / "run")
    sys.stdout.writelines(f"{step} {loss:.5f}\n" for step, loss in enumerate(losses))
