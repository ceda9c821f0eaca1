"""How much may be kept at once, by what is free."""

import os

import torch

from forethought.backbones import QwenVL
from forethought.engines.scheduler import PRECISIONS

SHARE = 0.8
"""So much of what is free may go to keys and values; the rest is for passes and neighbours."""


def row_bytes(backbone: QwenVL, *, room: int, precision: str | None) -> int:
    """What keys and values of one row of `room` tokens take."""
    size = PRECISIONS[precision] if precision else int(backbone.network.dtype.itemsize)
    return room * backbone.kv_numel * size


def fits(device: torch.device, *, rows: int, row: int) -> int:
    """How many of `rows` rows of `row` bytes there is memory for now; 0 if not for one."""
    free = free_bytes(device)
    return rows if free is None else min(rows, int(SHARE * free) // row)


def free_bytes(device: torch.device) -> int | None:
    """What is free on a device, with what torch holds there and does not use.

    None where nobody can say.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "cpu" and "SC_AVPHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out; a CPU's allocator has no class for it."""
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )
