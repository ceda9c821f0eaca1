"""What the machine offers: its name, its measured rates, and this process's peak memory."""

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import nn

from forethought.backbones import pack

_ROUNDS = 7
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True, slots=True)
class MachineRates:
    """Measured rates: bytes read and written a second by a copy, FLOPs a second by a matmul."""

    bandwidth: float
    matmul: float

    def best(self, other: "MachineRates") -> "MachineRates":
        """The higher of two measurements, rate by rate: other load only ever lowers a rate."""
        return MachineRates(max(self.bandwidth, other.bandwidth), max(self.matmul, other.matmul))


@torch.no_grad()
def measure_rates(device: torch.device, *, dtype: torch.dtype) -> MachineRates:
    """Time a copy and a square matrix product, the best of a few rounds; well under a second.

    On a CPU the product is tried both ways: torch's own, and that of packed layers.
    """
    megabytes, side = (64, 512) if device.type == "cpu" else (1024, 8192)
    source = torch.ones(megabytes * 2**20, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    # Random: on equal numbers a GPU draws less power and runs faster than on real ones.
    left = torch.randn(side, side, dtype=dtype, device=device)
    linear = nn.Linear(side, side, bias=False, device=device, dtype=dtype)
    pack(linear)
    copied = _least_seconds(lambda: target.copy_(source), device)
    multiplied = min(
        _least_seconds(lambda: left @ left, device), _least_seconds(lambda: linear(left), device)
    )
    # A copy reads each byte and writes it.
    return MachineRates(2 * source.numel() / copied, 2 * side**3 / multiplied)


def _least_seconds(run: Callable[[], object], device: torch.device) -> float:
    run()
    seconds = []
    for _ in range(_ROUNDS):
        synchronize(device)
        start = time.perf_counter()
        run()
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def synchronize(device: torch.device) -> None:
    """Wait until all work queued on a device is done."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def machine_name(device: torch.device) -> str:
    """The model name of the GPU or the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def reset_peak_memory(device: torch.device) -> None:
    """Start counting the peak anew; a CPU's can be reset on Linux alone."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    elif _CLEAR.exists():
        _CLEAR.write_text("5", encoding="utf-8")


def peak_memory(device: torch.device) -> int:
    """Peak bytes since the last reset: allocated by torch on a GPU, else resident in this process.

    Where the count cannot be reset it is the peak since the process started.
    """
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    lines = _STATUS.read_text(encoding="utf-8").splitlines() if _STATUS.exists() else []
    peaks = [1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return peaks[0] if peaks else _peak_of_process()


def _peak_of_process() -> int:
    windows = getattr(psutil.Process().memory_info(), "peak_wset", None)
    if windows is not None:
        return int(windows)
    import resource  # noqa: PLC0415 - Windows has no such module

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )
