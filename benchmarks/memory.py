"""How much memory a run takes on top of the weights: the allocator's word, or a fresh process's.

`python -m benchmarks.memory RIVAL MODEL SHAPE TOKENS ROWS` is that process; it writes
one number, in bytes.
"""

import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks import own, stock
from benchmarks.roofline import Work
from benchmarks.shape import SHAPES, ume_2b
from benchmarks.subject import Subject, subject_of
from forethought.encoders import EncodeInput, load
from forethought.errors import ModelError

RIVALS: dict[str, Callable[[Subject, list[EncodeInput]], object]] = {
    "ours": own.thought,
    "ours, 16-bit cache": lambda subject, inputs: own.thought(_halved(subject), inputs),
    "card": lambda subject, inputs: stock.card(subject, inputs, batch_size=len(inputs)),
}
WORDS = ("a red kite over a hill", "two old keys", "a cup of tea, half full", "the flag of Peru")
_AT_ONCE = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
"""glibc gives back at once what is freed; left alone, a figure varies sevenfold from run to run."""
_WARM = 3
_FEWEST_ROWS = 16
_SHARE = 0.25
"""Of what is free, the part that our cache may fill: stock code needs several times as much."""


def rows_that_fit(work: Work, *, length: int, device: torch.device, most: int) -> int:
    """As many rows of `length` tokens as memory holds with ease: `most`, or a half, a quarter."""
    if device.type != "cuda":
        return most
    free, _ = torch.cuda.mem_get_info(device)
    rows = most
    while rows > _FEWEST_ROWS and rows * length * work.cache_bytes_per_token > _SHARE * free:
        rows //= 2
    return rows


def growth(rival: str, *, model: str, shape: str, tokens: int, rows: int) -> int:
    """Peak resident memory in bytes over what the loaded process held, on the CPU.

    Raises:
        ModelError: if the process failed; its last line is told.
    """
    words = [rival, model, shape, str(tokens), str(rows)]
    told = subprocess.run(  # noqa: S603 - our own module, with words of our own
        [sys.executable, "-m", "benchmarks.memory", *words],
        capture_output=True,
        env=os.environ | _AT_ONCE,
        text=True,
        check=False,
    )
    if told.returncode:
        last = told.stderr.strip().splitlines()[-1:] or ["no word"]
        raise ModelError(f"memory of {rival!r} cannot be measured: {last[0]}")
    return int(json.loads(told.stdout))


def allocated(rival: str, subject: Subject, *, tokens: int, rows: int) -> int:
    """Peak bytes that torch's allocator held on the GPU over what it holds now, the weights."""
    inputs = texts(rows)
    gc.collect()
    before = torch.cuda.memory_allocated()
    RIVALS[rival](subject.forced(_WARM), inputs)
    gc.collect()
    torch.cuda.synchronize()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    RIVALS[rival](subject.forced(tokens), inputs)
    torch.cuda.synchronize()
    return int(torch.cuda.max_memory_allocated()) - before


def _halved(subject: Subject) -> Subject:
    return subject.within(cache="bfloat16" if subject.device.type == "cuda" else "float16")


def texts(rows: int) -> list[EncodeInput]:
    """So many short inputs of words alone, all different."""
    return [f"{WORDS[row % len(WORDS)]} {row}" for row in range(rows)]


def _main(words: list[str]) -> None:
    rival, model, shape, tokens, rows = words
    if shape:
        subject = ume_2b(SHAPES[shape], device="cpu", patches=(16, 64))
    else:
        subject = subject_of(load(model, device="cpu"))
    inputs = texts(int(rows))
    # What is made once, whatever the length: buffers of the libraries, compiled kernels.
    RIVALS[rival](subject.forced(_WARM), inputs)
    before = _peak(reset=True)
    RIVALS[rival](subject.forced(int(tokens)), inputs)
    sys.stdout.write(json.dumps(_peak() - before))


def _peak(*, reset: bool = False) -> int:
    """The most bytes that were ever resident; on Linux since the last reset."""
    status, forget = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not status.exists():
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    if reset:
        forget.write_text("5")
    lines = status.read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    _main(sys.argv[1:])
