"""Whole runs of the tiny recipe, in this process and in others.

python -m tests.training.runs DATA OUT [ddp|fsdp2]
"""

import dataclasses
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file

from forethought.training import Parallel, RunOptions, train
from forethought.training.journal import Journal
from forethought.training.run_folder import RunFolder
from forethought.types import Progress
from tests import tiny
from tests.fakes import RecordedProgress

ROOT = Path(__file__).resolve().parents[2]


def run(data, out, *, fresh=False, max_steps=None, max_minutes=None, **changes):
    """Train the tiny recipe with changes; the progress of its steps."""
    recorded = RecordedProgress()
    recipe = dataclasses.replace(tiny.recipe(data), **changes)
    train(
        recipe,
        out,
        fresh=fresh,
        max_steps=max_steps,
        max_minutes=max_minutes,
        open_progress=recorded,
    )
    return recorded.parts["training tiny"]


def environment(**changes):
    """The environment of another process that imports this checkout."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": paths, **changes}


def weights(out):
    """The weights of a run's last checkpoint."""
    return load_file(RunFolder(out).latest / "weights.safetensors")


def same_weights(out, other):
    """Check that two runs ended at the same weights."""
    one, two = weights(out), weights(other)
    assert set(one) == set(two)
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-6, rtol=1e-5)


def steps(out):
    """The steps in a run's journal."""
    return [entry["step"] for entry in Journal(RunFolder(out).journal).read()]


@contextmanager
def printed(part: str) -> Iterator[Progress]:
    """An `OpenProgress` that prints this process and how many steps it has taken."""
    del part

    def report(done: int, total: int, label: str = "", /) -> None:
        del total, label
        print(os.getpid(), done, flush=True)  # noqa: T201 - read by a test

    yield report


def main(data: Path, out: Path, parallel: Parallel = Parallel.DDP) -> None:
    """Train the tiny recipe; of six pairs one writes where there are several processes."""
    torch.set_num_threads(1)
    recipe = tiny.recipe(data)
    if "WORLD_SIZE" in os.environ:
        first, second = recipe.stages
        stages = (first, dataclasses.replace(second, self_generated=0.2))
        recipe = dataclasses.replace(recipe, stages=stages)
    options = RunOptions(parallel=parallel)
    train(recipe, out, fresh=False, options=options, open_progress=printed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(Parallel, sys.argv[3:]))
