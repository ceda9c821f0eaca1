"""The parts of the training benchmark, one after another."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from benchmarks import train_setups
from benchmarks.bench_report import machine_setting, versions
from benchmarks.train_comparison import TrainPlan, compare
from benchmarks.train_memory import measure_memory
from benchmarks.train_report import TrainReport
from benchmarks.train_setups import TrainSetup
from forethought.errors import ConfigError
from forethought.training import trains_in_bf16

_PACKAGES = ("forethought", "numpy", "torch", "transformers", "accelerate")
_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is run.

    `timed` are the pairs of a step and the timed steps of a round, by part; `texts` and `pictures`
    the batches that memory is measured at, without pictures and with them.
    """

    rounds: int
    timed: Mapping[str, tuple[int, int]]
    texts: tuple[int, ...]
    pictures: tuple[int, ...]


FULL = Scale(
    5, {"lab": (64, 2), "nano": (48, 2), "ume-2b": (16, 2)}, (64, 256, 1024, 4096), (64, 256, 1024)
)
QUICK = Scale(2, {"lab": (16, 1), "nano": (8, 1), "ume-2b": (8, 1)}, (64, 128), (64,))

Save = Callable[[TrainReport], None]


def measure(parts: Sequence[str] | None, scale: Scale, *, shape: str, save: Save) -> TrainReport:
    """Measure some parts, or by default all that this machine can; `save` receives every state.

    Raises:
        ConfigError: if the full 2B shape is to run without CUDA.
    """
    has_gpu = torch.cuda.is_available()
    train_setups.check_shape(shape)
    if parts is None:
        parts = ("lab", "nano", *(("ume-2b",) if has_gpu or shape == "tiny" else ()), "memory")
    if "ume-2b" in parts and not has_gpu and shape != "tiny":
        raise ConfigError("part ume-2b needs CUDA and this machine has none; try --shape tiny")
    device = torch.device("cuda" if has_gpu else "cpu")
    report = TrainReport(
        machine_setting("benchmarks.training", device)
        | {
            "precision": "float32"
            + (" weights, bfloat16 autocast" if trains_in_bf16(device) else ""),
            "round": "one untimed step, and the same steps in every round and case",
            "rounds": scale.rounds,
            "order": "interleaved, every second round reversed",
            "spread": "least and most of the rounds",
            "versions": versions(_PACKAGES, device),
        }
    )
    setups = _Setups(scale, shape)
    for part, (_, steps) in scale.timed.items():
        if part in parts:
            setup = setups[part]
            _LOGGER.info("%s: steps of %d pairs (%s) ...", setup.name, setup.batch, setup.pairs)
            results = compare(setup, TrainPlan(scale.rounds, steps))
            report = replace(report, results=(*report.results, *results))
            save(report)
    if "memory" in parts:
        is_full = "ume-2b" in parts and shape == "full"
        # A step of 1,024 pairs takes the 2B shape two minutes.
        pictures = scale.pictures[:2] if is_full else scale.pictures
        for name, batches in (("lab", scale.texts), ("ume-2b" if is_full else "tiny", pictures)):
            setup = setups[name]
            _LOGGER.info("%s: memory of %d to %d pairs ...", setup.name, batches[0], batches[-1])
            report = replace(report, memory=(*report.memory, *measure_memory(setup, batches)))
            save(report)
    return report


class _Setups(dict[str, TrainSetup]):
    """Setups by name, made at first use: random weights of the full shape take a minute."""

    def __init__(self, scale: Scale, shape: str) -> None:
        super().__init__()
        self.scale, self.shape = scale, shape

    def __missing__(self, name: str) -> TrainSetup:
        shape = "tiny" if name == "tiny" else self.shape
        batch, _ = self.scale.timed["ume-2b" if name == "tiny" else name]
        if name in {"lab", "nano"}:
            made: TrainSetup = getattr(train_setups, name)(batch=batch)
        else:
            made = train_setups.ume(shape, batch=batch)
        self[name] = made
        return made
