"""Check that the weights fit into the available memory."""

import os
from contextlib import suppress
from pathlib import Path

import torch

from forethought.doctor.finding import Finding, fail, ok, warn

BYTES_PER_PARAMETER = {"float32": 4, "bfloat16": 2}
_CGROUP = Path("/sys/fs/cgroup")


def check_memory(
    num_parameters: int, *, available: int | None, device: str, half_precision: bool
) -> Finding:
    """Whether the weights alone fit into the available bytes.

    Args:
        available: None if unknown.
        half_precision: whether `load` would use 16-bit weights on this device.
    """
    sizes = {dtype: num_parameters * size for dtype, size in BYTES_PER_PARAMETER.items()}
    listed = ", ".join(f"{format_bytes(size)} in {dtype}" for dtype, size in sizes.items())
    message = f"{num_parameters:,} parameters: {listed}"
    if available is None:
        return warn(
            "memory",
            f"{message}; the memory available on {device} is unknown",
            "compare with the memory of the device",
        )
    message += f"; {format_bytes(available)} available on {device}"
    if available < sizes["bfloat16"]:
        return fail(
            "memory",
            f"{message}: too little",
            'use another --device, or load with LoadOptions(quantize="4bit") on a GPU or '
            'LoadOptions(device_map="auto") over several',
        )
    if available < sizes["float32"] and not half_precision:
        return warn(
            "memory",
            f"{message}: enough for bfloat16 only",
            'load with LoadOptions(dtype="bfloat16")',
        )
    return ok("memory", message)


def fitting_dtype(
    num_parameters: int, *, available: int | None, device: str, half_precision: bool
) -> str | None:
    """The dtype to load for the checks: that of `load`, else bfloat16, or None if neither fits."""
    if available is not None and available < num_parameters * BYTES_PER_PARAMETER["bfloat16"]:
        return None
    fits_float32 = available is None or available >= num_parameters * BYTES_PER_PARAMETER["float32"]
    if half_precision or fits_float32:
        return "float32" if device == "cpu" else "auto"
    return "bfloat16"


def free_memory(device: str) -> int | None:
    """Bytes available on a device; None if unknown."""
    kind = torch.device(device).type
    if kind == "cuda":
        return int(torch.cuda.mem_get_info(torch.device(device))[0])
    if kind == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    limits = [limit for limit in (_available(), _allowed()) if limit is not None]
    return min(limits, default=None)


def format_bytes(size: int) -> str:
    """A number of bytes in decimal units."""
    number = float(size)
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


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
