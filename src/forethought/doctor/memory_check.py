"""How much memory the weights take, and whether there is so much."""

import os
from contextlib import suppress
from pathlib import Path

import torch

from forethought.doctor.finding import Finding, fail, ok, warn

BYTES = {"float32": 4, "bfloat16": 2}
_CGROUP = Path("/sys/fs/cgroup")


def check_memory(parameters: int, *, free: int | None, device: str, half: bool) -> Finding:
    """Whether the weights alone fit into what is free; `half` if `load` would halve them there."""
    need = {name: parameters * size for name, size in BYTES.items()}
    said = ", ".join(f"{in_words(size)} in {name}" for name, size in need.items())
    told = f"{parameters:,} parameters: {said}"
    if free is None:
        return warn("memory", f"{told}; how much is free on {device} is unknown", "look yourself")
    told += f"; {in_words(free)} free on {device}"
    if free < need["bfloat16"]:
        return fail(
            "memory",
            f"{told}: too little",
            'use another --device, or load with Loading(quantize="4bit") on a GPU or '
            'Loading(device_map="auto") over several',
        )
    if free < need["float32"] and not half:
        return warn(
            "memory", f"{told}: enough for bfloat16 alone", 'load with Loading(dtype="bfloat16")'
        )
    return ok("memory", told)


def fitting(parameters: int, *, free: int | None, device: str, half: bool) -> str | None:
    """The precision to examine it in: that of `load`, or half where only this fits; None if none."""
    if free is not None and free < parameters * BYTES["bfloat16"]:
        return None
    if half or free is None or free >= parameters * BYTES["float32"]:
        return "float32" if device == "cpu" else "auto"
    return "bfloat16"


def free_memory(device: str) -> int | None:
    """How many bytes a device has left; None where it does not say."""
    kind = torch.device(device).type
    if kind == "cuda":
        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    if kind == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    left = [room for room in (_available(), _allowed()) if room is not None]
    return min(left, default=None)


def in_words(size: int) -> str:
    """A number of bytes, as people say it."""
    left = float(size)
    for unit in ("bytes", "kB", "MB"):
        if left < 1000:
            return f"{left:.3g} {unit}"
        left /= 1000
    return f"{left:.1f} GB"


def _available() -> int | None:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return (
            int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024
        )
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _allowed() -> int | None:
    """What a container's limit leaves, where there is one."""
    with suppress(OSError, ValueError):
        most = int((_CGROUP / "memory.max").read_text())
        return most - int((_CGROUP / "memory.current").read_text())
    return None
