"""What two processes do with one batch; `test_parallel` starts them and compares it with one.

python -m tests.training.two_processes DATA OUT
"""

import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from torch import distributed

from forethought.errors import TrainingError
from forethought.training import Recipe
from forethought.training.optimizer_step import train_one_step
from forethought.training.parallel import Parallel, whole
from forethought.training.pass_size import MemorySettings
from forethought.training.recipe import RolloutSettings, SourceSettings
from forethought.training.run_checkpoint import RunPosition, load_run, save_run
from forethought.training.run_folder import RunFolder
from forethought.training.stage import ObjectiveSettings, TaskWeight
from forethought.training.state import TrainState, build_train_state
from forethought.training.world import World, find_world
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 2
ROWS = ([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]], [[-2.0, 7.0]])
"""The rows that each process has."""
WEIGHTS = [[3.0, 1.0], [1.0, -2.0], [5.0, 1.0], [-1.0, 2.0]]
"""The weight of each of all rows in the loss of `gathered`."""


def lines(folder: Path) -> Path:
    """Examples with 0 to 2 hard negatives, some of them with a picture or a rationale."""
    path = folder / "pairs.jsonl"
    rows = []
    for number, (name, colour) in enumerate(tiny.COLOURS.items()):
        picture = folder / f"{name}.png"
        picture.write_bytes(tiny.square(colour, "framed"))
        true: dict[str, Any] = {"rationale": {"thinking": f"A square: {name}.", "answer": name}}
        content = {"image": picture.name} if number % 3 else {"text": f"{name}, square"}
        query: dict[str, Any] = {"content": [{"text": f"{name} paint"}]}
        rows.append(
            {
                "query": query | (true if number % 4 else {}),
                "positives": [{"content": [content], "label": name, **true}],
                "negatives": [{"content": [{"text": f"no {name} {i}"}]} for i in range(number % 3)],
                "task": "lone" if name == "orange" else "many",
            }
        )
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def recipe(data: Path, *, grad_cache: bool = False) -> Recipe:
    """Five steps of batches that two processes cannot share evenly, the last of one pair alone.

    Rationales are sampled greedily: at any other temperature each process draws its own.
    """
    first, second = tiny.recipe(data).stages
    pairs: dict[str, Any] = {"batch": 5, "negatives": 2, "peak_rate": 1e-3, "warmup": 0}
    many, lone = ((TaskWeight(task, 1.0),) for task in ("many", "lone"))
    distillation = ObjectiveSettings("thought_distillation", 0.7, settings={"temperature": 0.4})
    cold_start = dataclasses.replace(
        second,
        **pairs,
        steps=3,
        self_generated=0.4,
        oracle=0.2,
        sft=0.6,
        tasks=many,
        objectives=(*second.objectives, distillation),
    )
    stages = (
        dataclasses.replace(first, **pairs, steps=1, sub_batch=3, accumulation=2, tasks=many),
        cold_start,
        dataclasses.replace(cold_start, name="lone", steps=1, tasks=lone),
    )
    return dataclasses.replace(
        tiny.recipe(data),
        data=SourceSettings("json_lines", {"path": (data / "pairs.jsonl").as_posix()}),
        scratch=None,
        init=str(ROOT / "tests" / "checkpoints" / "tiny"),
        gate=None,
        memory=MemorySettings(rows=3, grad_cache=grad_cache),
        rollouts=RolloutSettings(budget=6, temperature=0.0, interval=2),
        stages=stages,
    )


def run(recipe: Recipe, out: Path, world: World) -> tuple[TrainState, list[dict[str, object]]]:
    """Take every step in float32 and write a checkpoint; what was trained, and the journal."""
    state = build_train_state(recipe, RunFolder(out), world=world)
    entries = [train_one_step(recipe, state, step, bf16=False) for step in range(recipe.steps)]
    save(state, out)
    return state, entries


def save(state: TrainState, out: Path) -> None:
    """Write a checkpoint without its recipe."""
    position = RunPosition(4, 1.5, {})
    folder = RunFolder(out).latest
    save_run(folder, state.network, state.optimizer, position=position, world=state.world)


def gathered(world: World, rows: Sequence[Sequence[float]]) -> dict[str, object]:
    """The rows of all processes, twice as long as given, and the gradient of that factor."""
    factor = torch.tensor(2.0, requires_grad=True)
    mine = torch.tensor(rows).reshape(-1, 2)
    found = world.gather(factor * mine, counts=world.gather_objects(len(mine)))
    (torch.tensor(WEIGHTS)[: len(found)] * found.square()).sum().backward()
    gradient = factor.grad if factor.grad is not None else torch.zeros(())
    distributed.all_reduce(gradient)
    return {"rows": found.tolist(), "gradient": gradient.item() / world.size}


def failed(recipe: Recipe, state: TrainState, out: Path) -> dict[str, str]:
    """How a step ends in each process when one of the weights is not a number."""
    name, weight = next(iter(state.network.named_parameters()))
    with torch.no_grad():
        weight.fill_(torch.nan)
    try:
        train_one_step(recipe, state, 3, bf16=False, failed=RunFolder(out).failed)
    except TrainingError as error:
        return {"weight": name, "error": str(error)}
    return {}


def main(data: Path, out: Path) -> None:
    """Everything that the tests look at, with one group of processes."""
    torch.set_num_threads(1)
    world = find_world()
    found: dict[str, Any] = {
        "world": [world.rank, world.size],
        "share": world.share(list("abcde")),
        "any": [world.any(holds=world.rank == 1), world.any(holds=world.rank > 1)],
        "gathered": gathered(world, ROWS[world.rank]),
        "gathered_from_one": gathered(world, ROWS[0] if world.leads else []),
        "entries": {},
        "weights": {},
    }
    if world.leads:
        _, found["alone"] = run(recipe(data), out / "alone", World())
    for parallel in Parallel:
        world = find_world(shards=parallel is Parallel.FSDP2)
        for grad_cache in (False, True):
            name = f"{parallel}-{grad_cache}"
            planned = recipe(data, grad_cache=grad_cache)
            state, found["entries"][name] = run(planned, out / name, world)
            whole_weights = [whole(value.detach()) for value in state.network.parameters()]
            found["weights"][name] = [value.double().sum().item() for value in whole_weights]
            if grad_cache:
                # Written by the other kind of run, read by this one, and written again.
                other = out / f"{Parallel.DDP}-False"
                load_run(RunFolder(other).latest, state.network, state.optimizer, world=world)
                save(state, out / f"{parallel}-again")
                found[f"failed-{parallel}"] = failed(planned, state, out / name)
    (out / f"{world.rank}.json").write_text(json.dumps(found))
    distributed.destroy_process_group()


def launch(*arguments: object, timeout: float = 300.0) -> None:
    """Run this file, or other arguments of Python, in two processes that `torchrun` would start.

    Its agent would take as long as the test.

    Raises:
        RuntimeError: if one of them fails.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(PROCESSES),
        # With one GPU for both of them there is no group.
        "CUDA_VISIBLE_DEVICES": "",
    }
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    [sys.executable, *map(str, arguments)],
                    cwd=ROOT,
                    env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)},
                )
            )
            for rank in range(PROCESSES)
        ]
        _wait(processes, deadline=time.monotonic() + timeout)


def _wait(processes: list[subprocess.Popen[bytes]], *, deadline: float) -> None:
    """Wait for all; one that fails leaves the others waiting for it, so they are ended."""
    while any(process.poll() is None for process in processes):
        if any(process.poll() for process in processes) or time.monotonic() > deadline:
            for process in processes:
                process.kill()
            break
        time.sleep(0.02)
    codes = [process.wait() for process in processes]
    if any(codes):
        raise RuntimeError(f"the processes ended with {codes}; see their output")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
