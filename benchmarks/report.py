"""Everything a figure depends on, beside the figure."""

import json
import os
import platform
import shlex
import sys
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from benchmarks.decode import Decode
from benchmarks.rows import Bar, Row
from benchmarks.subject import Subject
from forethought import __version__

PACKAGES = ("forethought", "numpy", "torch", "transformers", "sentence-transformers", "vllm")


@dataclass(frozen=True, slots=True)
class Report:
    """What ran where, what it took, and which promises that keeps."""

    workload: str
    setting: dict[str, Any]
    rows: tuple[Row, ...] = field(default=())
    bars: tuple[Bar, ...] = field(default=())
    decodes: tuple[Decode, ...] = field(default=())


def setting(subject: Subject, *, repeats: int) -> dict[str, Any]:
    """The command, the machine, versions and threads."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "command": shlex.join(["forethought", *sys.argv[1:]]),
        "machine": _machine(subject.device),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load_before": round(load, 2),
        "device": str(subject.device),
        "dtype": str(subject.network.dtype).removeprefix("torch."),
        "model": f"{subject.encoder.name} {subject.encoder.revision}",
        "budget": subject.budget,
        "rows": subject.rows,
        "warm_up": "ours once on everything, each rival once on its first inputs",
        "repeats": repeats,
        "order": "interleaved, every second round reversed",
        "spread": "least and most of the rounds",
        "versions": {"python": platform.python_version()}
        | {package: _version(package) for package in PACKAGES}
        | ({"cuda": str(torch.version.cuda)} if subject.device.type == "cuda" else {}),
    }


def as_json(report: Report) -> str:
    """The whole report, with what is worked out from it."""
    told: dict[str, Any] = {"workload": report.workload, "setting": report.setting}
    told["rows"] = [_row(row) for row in report.rows]
    told["bars"] = [asdict(bar) | {"verdict": bar.verdict} for bar in report.bars]
    told["decodes"] = [asdict(decode) for decode in report.decodes]
    return json.dumps(told, indent=1, allow_nan=False) + "\n"


def _row(row: Row) -> dict[str, Any]:
    told: dict[str, Any] = {"group": row.group, "name": row.name, "inputs": row.inputs}
    told |= {"batch": row.batch}
    told |= {"tokens": row.tokens, "padding": row.padding, "note": row.note}
    if row.times:
        told |= {"seconds": list(row.times.seconds), "median": row.times.median}
        told |= {"samples_per_second": row.rate}
    if row.agreement:
        told |= {"agrees": row.agreement.holds, "agreement": str(row.agreement)}
    return told


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text().splitlines() if listed.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _version(package: str) -> str:
    if package == "forethought":
        return __version__  # in a checkout it is not installed
    # vLLM's build for processors goes by a name of its own.
    for name in (package, f"{package}-cpu"):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"
