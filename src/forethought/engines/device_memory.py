"""How much memory a device has available, and how many rows of a KV cache fit into it."""

from contextlib import suppress
from pathlib import Path

import psutil
import torch

from forethought.backbones import QwenVL
from forethought.engines.scheduler import CACHE_DTYPES

CACHE_SHARE = 0.8
"""The share of available memory that keys and values may take; forward passes need the rest."""
_CGROUP = Path("/sys/fs/cgroup")


def available_bytes(device: torch.device) -> int | None:
    """How many bytes can be allocated on a device; None if that cannot be measured.

    On a GPU the memory that torch has reserved and does not use counts as available. On a CPU
    it is what the machine has available, or what a container's limit leaves, if that is less.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    if device.type != "cpu":
        return None
    available = int(psutil.virtual_memory().available)
    container = _container_bytes()
    return available if container is None else min(available, container)


def format_bytes(size: int) -> str:
    """A number of bytes in decimal units."""
    number = float(size)
    for unit in ("bytes", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def row_bytes(backbone: QwenVL, *, length: int, dtype: str | None) -> int:
    """Bytes of the keys and values of one row of `length` tokens; `dtype` None is the network's."""
    size = CACHE_DTYPES[dtype] if dtype else backbone.dtype.itemsize
    return length * backbone.kv_numel * size


def rows_that_fit(device: torch.device, *, rows: int, row: int) -> int:
    """How many of `rows` rows of `row` bytes the available memory holds; 0 if none."""
    available = available_bytes(device)
    return rows if available is None else min(rows, int(CACHE_SHARE * available) // row)


def is_out_of_memory(error: Exception) -> bool:
    """Whether an allocation failed; torch's CPU allocator has no exception class for it."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


def _container_bytes() -> int | None:
    """What a cgroup v2 limit leaves; file pages that can be dropped do not count as used."""
    with suppress(OSError, ValueError):
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
        stat = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return limit - used + int(stat.get("inactive_file", 0))
    return None
