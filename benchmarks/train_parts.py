"""The parts of the training benchmark, one after another."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch

from benchmarks import train_setups
from benchmarks.bench_report import machine_setting, versions
from benchmarks.train_comparison import TrainPlan, compare
from benchmarks.train_memory import measure_memory
from benchmarks.train_report import TrainReport
from benchmarks.train_setups import TrainSetup
from forethought.errors import ConfigError

_PACKAGES = ("forethought", "numpy", "torch", "transformers", "accelerate")
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is run.

    Of each setup: pairs a step and timed steps a round. Of memory: the batches of text pairs, and
    of pairs with pictures.
    """

    rounds: int
    lab: tuple[int, int]
    nano: tuple[int, int]
    ume: tuple[int, int]
    texts: tuple[int, ...]
    pictures: tuple[int, ...]


FULL = Scale(5, (64, 3), (48, 2), (16, 2), (64, 256, 1024, 4096), (64, 256, 1024))
QUICK = Scale(2, (16, 1), (8, 1), (8, 1), (64, 128), (64,))

Save = Callable[[TrainReport], None]


def measure(parts: Sequence[str] | None, scale: Scale, *, shape: str, save: Save) -> TrainReport:
    """Measure some parts, or by default all that this machine can; `save` receives every state.

    Raises:
        ConfigError: if the full 2B shape is to run without CUDA.
    """
    has_gpu = torch.cuda.is_available()
    if parts is None:
        parts = ("lab", "nano", *(("ume-2b",) if has_gpu or shape == "tiny" else ()), "memory")
    if "ume-2b" in parts and not has_gpu and shape != "tiny":
        raise ConfigError("part ume-2b needs CUDA and this machine has none; try --shape tiny")
    device = torch.device("cuda" if has_gpu else "cpu")
    report = TrainReport(
        machine_setting("benchmarks.training", device)
        | {
            "precision": "float32 weights, bfloat16 autocast" if has_gpu else "float32",
            "round": "one untimed step, and the same steps in every round and case",
            "rounds": scale.rounds,
            "order": "interleaved, every second round reversed",
            "spread": "least and most of the rounds",
            "versions": versions(_PACKAGES, device),
        }
    )
    for make, steps in _timed(parts, scale, shape):
        setup = make()
        _LOGGER.info("%s: timing steps of %d pairs (%s) ...", setup.name, setup.batch, setup.pairs)
        results = compare(setup, TrainPlan(scale.rounds, steps))
        report = replace(report, results=(*report.results, *results))
        save(report)
    for make, batches in _measured(parts, scale, shape):
        setup = make()
        _LOGGER.info("%s: measuring memory ...", setup.name)
        report = replace(report, memory=(*report.memory, *measure_memory(setup, batches)))
        save(report)
    return report


def _timed(
    parts: Sequence[str], scale: Scale, shape: str
) -> list[tuple[Callable[[], TrainSetup], int]]:
    makers = {
        "lab": (partial(train_setups.lab, batch=scale.lab[0]), scale.lab[1]),
        "nano": (partial(train_setups.nano, batch=scale.nano[0]), scale.nano[1]),
        "ume-2b": (partial(train_setups.ume, shape, batch=scale.ume[0]), scale.ume[1]),
    }
    return [makers[part] for part in makers if part in parts]


def _measured(
    parts: Sequence[str], scale: Scale, shape: str
) -> list[tuple[Callable[[], TrainSetup], Sequence[int]]]:
    if "memory" not in parts:
        return []
    texts, pictures = scale.texts, scale.pictures
    is_full = "ume-2b" in parts and shape == "full"
    if is_full:
        pictures = pictures[:-1]
    return [
        (partial(train_setups.lab, batch=min(texts)), texts),
        (partial(train_setups.ume, shape if is_full else "tiny", batch=min(pictures)), pictures),
    ]
