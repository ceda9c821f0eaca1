"""Our step beside the plain Trainer's, and beside itself with GradCache."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.results import Result
from benchmarks.train_setups import TrainSetup
from benchmarks.trainer_baseline import TrainerRun, trainer_run
from forethought.doctor import Times, synchronize
from forethought.errors import ForethoughtError, ModelError
from forethought.training import train_one_step

OURS, GRAD_CACHE = "ours", "ours, grad_cache"
TRAINER, SPARSE_TRAINER = "transformers.Trainer", "transformers.Trainer, sparse logits"
TOLERANCE = 1e-3
"""Two first losses are of the same work where they differ by less than this share of a loss of 1
or more."""


@dataclass(frozen=True, slots=True)
class TrainPlan:
    """`rounds` of each case, each of one untimed step and `steps` timed ones."""

    rounds: int
    steps: int


@dataclass(slots=True)
class FedTokens:
    """What a network was fed: passes, tokens, and tokens with their padding."""

    passes: int = 0
    tokens: int = 0
    padded: int = 0

    @property
    def padding(self) -> float:
        """The share of padding."""
        return 1 - self.tokens / max(self.padded, 1)

    def count(self, _: object, __: object, fed: Mapping[str, Any]) -> None:
        """A hook before a network's forward pass."""
        self.passes += 1
        self.tokens += int(fed["attention_mask"].sum())
        self.padded += fed["attention_mask"].numel()


@dataclass(slots=True)
class _Case:
    """A way to take the steps of a round; it returns the seconds of the timed ones."""

    run: Callable[[], float]
    seconds: list[float] = field(default_factory=list)
    padding: float | None = None
    failure: str = ""

    def attempt(self, function: Callable[[], object]) -> bool:
        """Call a function unless an earlier one failed; whether it was done."""
        if self.failure:
            return False
        try:
            function()
        except ForethoughtError:
            raise
        except Exception as error:  # noqa: BLE001 - memory, or a version of transformers
            reason = str(error).strip().partition("\n")[0][:120]
            self.failure = f"failed: {type(error).__name__}: {reason}"
        if self.failure and torch.cuda.is_available():
            torch.cuda.empty_cache()
        return not self.failure

    def time(self) -> None:
        """Take the steps of a round."""
        self.seconds.append(self.run())


def compare(setup: TrainSetup, plan: TrainPlan) -> list[Result]:
    """Take the same steps in every way, in interleaved rounds.

    All train the same weights by the same optimizer, and a round takes the same batches in each.

    Raises:
        ModelError: if the first losses differ: then the steps are not the same.
    """
    with TemporaryDirectory() as folder:
        make = partial(trainer_run, setup, steps=plan.steps, folder=folder)
        trainers = {TRAINER: make(), SPARSE_TRAINER: make(sparse_logits=True)}
        cached = setup.with_memory(grad_cache=True)
        cases = {
            OURS: _Case(partial(our_seconds, setup, steps=plan.steps)),
            GRAD_CACHE: _Case(partial(our_seconds, cached, steps=plan.steps)),
            TRAINER: _Case(trainers[TRAINER].seconds),
            SPARSE_TRAINER: _Case(trainers[SPARSE_TRAINER].seconds),
        }
        for name, trainer in trainers.items():
            cases[name].attempt(partial(check_loss, setup, trainer))
        _run_rounds(cases, setup, plan)
    steps = range(1, plan.steps + 1)
    pairs = sum(len(setup.drawn(step).pairs) for step in steps)
    tokens = sum(setup.num_tokens(step) for step in steps)
    return [
        Result(
            setup.name, name, pairs, Times(tuple(case.seconds)) if not case.failure else None,
            tokens=tokens, padding=case.padding, note=case.failure, batch=setup.batch,
        )
        for name, case in cases.items()
    ]  # fmt: skip


def our_seconds(setup: TrainSetup, *, steps: int) -> float:
    """Take the first step untimed, and the next ones; how long those took."""
    start = 0.0
    for step in range(steps + 1):
        train_one_step(setup.recipe, setup.state, step, bf16=setup.bf16)
        synchronize(setup.device)
        start = start or time.perf_counter()
    return time.perf_counter() - start


def check_loss(setup: TrainSetup, trainer: TrainerRun) -> None:
    """Compare the first step's losses, in float32.

    Raises:
        ModelError: if they differ.
    """
    (batch,) = setup.state.train_step.batches(0)
    with torch.no_grad():
        loss, _ = setup.state.train_step(batch)
    ours, theirs = float(loss), trainer.first_loss()
    if abs(ours - theirs) > TOLERANCE * max(1.0, abs(ours)):
        raise ModelError(
            f"{setup.name}: the loss of one step is {ours:.5f} here and {theirs:.5f} in the plain "
            "Trainer; they would not be timed at the same work: correct the baseline"
        )


def _run_rounds(cases: Mapping[str, _Case], setup: TrainSetup, plan: TrainPlan) -> None:
    """Run every case once untimed, counting what it feeds, and then every round."""
    for case in cases.values():
        fed = FedTokens()
        with setup.state.network.model.register_forward_pre_hook(fed.count, with_kwargs=True):  # type: ignore[operator,union-attr]
            if case.attempt(case.run):
                case.padding = fed.padding
    for number in range(plan.rounds):
        for name in list(cases) if number % 2 == 0 else list(cases)[::-1]:
            cases[name].attempt(cases[name].time)
