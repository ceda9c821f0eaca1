"""Prints the estimated and the measured peak memory of two training steps, in bytes.

    python -m tests.training.peak_memory DATA OUT [grad_cache] [gradient_checkpointing]

In a process of its own: what earlier tests have freed would be used again, and not be measured.
"""

import ctypes
import gc
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import torch

from forethought.doctor import peak_memory, reset_peak_memory
from forethought.training.optimizer_step import train_one_step
from forethought.training.pass_size import MemorySettings
from forethought.training.run_folder import RunFolder
from forethought.training.run_plan import plan_run
from forethought.training.world import World
from tests import tiny

CPU = torch.device("cpu")
SHAPE = replace(tiny.SHAPE, hidden=192, layers=6, heads=6, key_value_heads=2, feed_forward=768)


def main(data: str, out: str, *settings: str) -> None:
    """Plan a run, take two steps of its second stage, and print both numbers."""
    torch.set_num_threads(1)
    recipe = tiny.recipe(Path(data))
    assert recipe.scratch is not None
    stages = tuple(replace(stage, batch=28) for stage in recipe.stages[1:])
    recipe = replace(
        recipe,
        scratch=replace(recipe.scratch, shape=SHAPE),
        stages=stages,
        memory=MemorySettings(rows=8, **dict.fromkeys(settings, True)),
    )
    folder = RunFolder(Path(out))
    # Twice: the first one loads code and fills pools that stay.
    state = tiny.state(recipe, folder.path)
    train_one_step(replace(recipe, stages=(replace(stages[0], batch=2),)), state, 0, bf16=False)
    del state
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    before = psutil.Process().memory_info().rss
    state = tiny.state(recipe, folder.path)
    reset_peak_memory(CPU)
    for step in range(2):
        train_one_step(recipe, state, step, bf16=False)
    measured = peak_memory(CPU) - before
    plan = plan_run(recipe, folder, World(), fresh=True)
    sys.stdout.write(f"{plan.memory.total} {measured}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
