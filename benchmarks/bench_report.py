"""The report of one run: every figure, with everything that it depends on."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import Any

import torch

from benchmarks.decode_rates import DecodeRate
from benchmarks.results import Result
from benchmarks.target import Target
from benchmarks.thresholds import Threshold
from forethought import __version__
from forethought.doctor import machine_name

PACKAGES = ("forethought", "numpy", "torch", "transformers", "sentence-transformers", "vllm")


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What ran where, its results, and the thresholds they meet and miss."""

    workload: str
    setting: dict[str, Any]
    results: tuple[Result, ...] = field(default=())
    thresholds: tuple[Threshold, ...] = field(default=())
    decode_rates: tuple[DecodeRate, ...] = field(default=())


def setting_of(target: Target, *, repeats: int) -> dict[str, Any]:
    """The command, the machine, versions and threads, and what is measured how."""
    return machine_setting("benchmarks.engine", target.device) | {
        "dtype": str(target.network.dtype).removeprefix("torch."),
        "model": f"{target.encoder.name} {target.encoder.revision}",
        "budget": target.budget,
        "rows": target.rows,
        "warm_up": "ours once on all inputs, each baseline once on its first inputs",
        "repeats": repeats,
        "order": "interleaved, every second round reversed",
        "spread": "least and most of the rounds",
        "versions": versions(PACKAGES, target.device),
    }


def machine_setting(module: str, device: torch.device) -> dict[str, Any]:
    """The command, whose options are those of this process, and the machine before it ran."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "command": shlex.join(["python", "-m", module, *sys.argv[1:]]),
        "machine": machine_name(device),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": round(load, 2),
        "device": str(device),
    }


def versions(packages: Sequence[str], device: torch.device) -> dict[str, str]:
    """The version of each package, of Python and, on a GPU, of CUDA."""
    found = {"python": platform.python_version()}
    found |= {package: _version(package) for package in packages}
    return found | ({"cuda": str(torch.version.cuda)} if device.type == "cuda" else {})


def as_json(report: BenchReport) -> str:
    """The whole report, with the figures derived from its rounds."""
    payload: dict[str, Any] = {"workload": report.workload, "setting": report.setting}
    payload["results"] = [_result(result) for result in report.results]
    payload["thresholds"] = [
        asdict(threshold) | {"verdict": threshold.verdict} for threshold in report.thresholds
    ]
    payload["decode_rates"] = [asdict(rate) for rate in report.decode_rates]
    return json.dumps(payload, indent=1, allow_nan=False) + "\n"


def _result(result: Result) -> dict[str, Any]:
    fields = ("group", "name", "inputs", "batch", "tokens", "padding", "note")
    payload: dict[str, Any] = {name: getattr(result, name) for name in fields}
    if result.times:
        payload |= {"seconds": list(result.times.seconds), "median": result.times.median}
        payload |= {"samples_per_second": result.rate}
    if result.agreement:
        payload |= {"agrees": result.agreement.holds, "agreement": str(result.agreement)}
    return payload


def _version(package: str) -> str:
    if package == "forethought":
        return __version__  # a checkout may not be installed
    # vLLM's build for CPUs has a distribution name of its own.
    for name in (package, f"{package}-cpu"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"
