"""A data set that fits in a second: coloured squares, their names, and sums about them.

It is written in the layout of `forethought data glyphs`, so whatever trains or is judged on
that trains on this.
"""

import io
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq

from forethought.backbones import Shape
from forethought.training.cold_start import learn
from forethought.training.recipe import (
    GateSettings,
    Instructions,
    Recipe,
    Rollouts,
    Stage,
    TaskWeight,
    Weights,
)
from forethought.training.state import build_train_state

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
        [{"text": f"{name.title()} is a colour."} for name in COLOURS],
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


def stage(name: str, *, steps: int, own: float, rate: float) -> Stage:
    """A short stage with every term of the loss in it."""
    weights = Weights(
        direct=0.9,
        thought=0.6 if own else 0.0,
        cross=0.8 if own else 0.0,
        next_token=0.7,
        statements=0.3,
        pointwise=0.0,
        relational=0.0,
        sight=0.0,
    )
    return Stage(
        name=name,
        steps=steps,
        batch=6,
        taught=0.34,
        own=own,
        statements=3,
        lessons=0,
        glances=0,
        peak_rate=rate,
        vision_rate=1.7,
        warmup=2,
        cooldown=2,
        final_rate=0.1,
        weights=weights,
        tasks=(TaskWeight("keywords", 0.7), TaskWeight("name", 0.3)),
    )


def recipe(data: Path, *, steps: tuple[int, int] = (5, 6), rate: float = 3e-3) -> Recipe:
    """A run of two stages that takes a second or two."""
    return Recipe(
        name="tiny",
        seed=7,
        data=data,
        pixels=56,
        shape=SHAPE,
        temperature=0.07,
        teacher_temperature=0.05,
        weight_decay=0.03,
        clip_norm=1.5,
        checkpoint_every=4,
        budget=24,
        instructions=Instructions("Find the picture.", "Picture."),
        rollouts=Rollouts(budget=9, temperature=0.8, rollout_interval=3),
        gate=GateSettings(price=0.002, threshold=0.4),
        stages=(
            stage("contrastive", steps=steps[0], own=0.0, rate=rate),
            stage("cold-start", steps=steps[1], own=0.5, rate=rate),
        ),
    )


def curve(data: Path, out: Path) -> list[float]:
    """What ten steps lose, in float32.

    `python -m tests.tiny > tests/training/losses.txt` writes it anew.
    """
    told = recipe(data)
    state = build_train_state(told, out)
    return [float(str(learn(told, state, step, half=False)["loss"])) for step in range(10)]


def as_toml(told: dict[str, Any], place: str = "") -> str:
    """A recipe file out of what `forethought.config.dump` gives."""
    plain = [(k, v) for k, v in told.items() if not _is_table(v)]
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain]
    for key, value in told.items():
        if _is_table(value):
            many = isinstance(value, list)
            for table in value if many else [value]:
                name = f"{place}{key}"
                lines += [f"[[{name}]]" if many else f"[{name}]", as_toml(table, f"{name}.")]
    return "\n".join(lines) + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        losses = curve(build(Path(scratch) / "data"), Path(scratch) / "run")
    sys.stdout.writelines(f"{step} {loss:.5f}\n" for step, loss in enumerate(losses))
