"""Peak memory of a run over the loaded weights: torch's allocator, or a fresh process.

`python -m benchmarks.memory_growth CASE MODEL SHAPE TOKENS ROWS` is that process; it writes
one number, in bytes.
"""

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable

import torch

from benchmarks import hf_baseline, ours
from benchmarks.target import Target, target_of
from benchmarks.ume_2b import SHAPES, ume_2b
from forethought.doctor import DecodeCost, peak_memory, reset_peak_memory
from forethought.encoders import EncodeInput, load
from forethought.errors import ModelError

CASES: dict[str, Callable[[Target, list[EncodeInput]], object]] = {
    "ours": ours.thought,
    "ours, 16-bit cache": lambda target, inputs: ours.thought(_half_cache(target), inputs),
    "card": lambda target, inputs: hf_baseline.card(target, inputs, batch_size=len(inputs)),
}
TEXTS = ("a red kite over a hill", "two old keys", "a cup of tea, half full", "the flag of Peru")
_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
"""Makes glibc return freed memory at once; without it, figures vary sevenfold between runs."""
_WARM_UP_TOKENS = 3
_MIN_ROWS = 16
_SHARE = 0.25
"""The part of the free memory that our cache may fill: stock code needs several times as much."""


def rows_that_fit(cost: DecodeCost, *, length: int, device: torch.device, most: int) -> int:
    """How many rows of `length` tokens fit into memory: `most`, or a half or a quarter of it."""
    if device.type != "cuda":
        return most
    free, _ = torch.cuda.mem_get_info(device)
    rows = most
    while rows > _MIN_ROWS and rows * length * cost.cache_bytes_per_token > _SHARE * free:
        rows //= 2
    return rows


def resident_growth(case: str, *, model: str, shape: str, tokens: int, rows: int) -> int:
    """Peak resident bytes of a fresh process over those with the weights loaded, on the CPU.

    Raises:
        ModelError: if the process failed, with its last line.
    """
    words = [case, model, shape, str(tokens), str(rows)]
    process = subprocess.run(  # noqa: S603 - our own module and arguments
        [sys.executable, "-m", "benchmarks.memory_growth", *words],
        capture_output=True,
        env=os.environ | _MALLOC,
        text=True,
        check=False,
    )
    if process.returncode:
        last = process.stderr.strip().splitlines()[-1:] or ["it wrote nothing"]
        raise ModelError(f"memory of {case!r} cannot be measured: {last[0]}")
    return int(json.loads(process.stdout))


def allocated_growth(case: str, target: Target, *, tokens: int, rows: int) -> int:
    """Peak bytes of torch's allocator on a GPU over those it holds now, the weights."""
    inputs = texts(rows)
    gc.collect()
    before = torch.cuda.memory_allocated()
    CASES[case](target.with_length(_WARM_UP_TOKENS), inputs)
    gc.collect()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    reset_peak_memory(target.device)
    CASES[case](target.with_length(tokens), inputs)
    torch.cuda.synchronize()
    return peak_memory(target.device) - before


def _half_cache(target: Target) -> Target:
    return target.with_limits(cache="bfloat16" if target.device.type == "cuda" else "float16")


def texts(rows: int) -> list[EncodeInput]:
    """Short texts, all different."""
    return [f"{TEXTS[row % len(TEXTS)]} {row}" for row in range(rows)]


def _main(words: list[str]) -> None:
    case, model, shape, tokens, rows = words
    if shape:
        target = ume_2b(SHAPES[shape], device="cpu", patches=(16, 64))
    else:
        target = target_of(load(model, device="cpu"))
    inputs = texts(int(rows))
    # What is allocated once, whatever the length: library buffers, compiled kernels.
    CASES[case](target.with_length(_WARM_UP_TOKENS), inputs)
    reset_peak_memory(target.device)
    before = peak_memory(target.device)
    CASES[case](target.with_length(int(tokens)), inputs)
    sys.stdout.write(json.dumps(peak_memory(target.device) - before))


if __name__ == "__main__":
    _main(sys.argv[1:])
