"""Runs cases in interleaved rounds; a baseline that fails is reported, and the others go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from benchmarks.results import Agreement, EmbedFn, EmbedOutput, Result
from benchmarks.target import Target
from benchmarks.workload_inputs import Input
from forethought.doctor import Times, interleave, synchronize
from forethought.engines import bucket, padding

WARM_UP = 4
"""So many inputs warm up a case that caches nothing between calls."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One way to embed, its inputs, and how many of them it runs at a time.

    `sorted` cases batch inputs of similar length. `warm_up` runs once, untimed, on the first few
    inputs; by default `embed` itself.
    """

    embed: EmbedFn
    inputs: Sequence[Input]
    batch: int
    sorted: bool = False
    ours: bool = False
    warm_up: EmbedFn | None = None


@dataclass(slots=True, eq=False)
class Runner:
    """The cases of one group, with their outputs and times, or the reason of their failure."""

    cases: Mapping[str, Case]
    outputs: dict[str, EmbedOutput] = field(default_factory=dict)
    times: dict[str, Times] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def run(self, *, repeats: int, device: torch.device) -> None:
        """Time every case."""
        times = interleave(
            {name: partial(self._run, name) for name in self.cases},
            repeats=repeats,
            warm_up={name: partial(self._warm_up, name) for name in self.cases},
            wait=partial(synchronize, device),
        )
        self.times = {name: taken for name, taken in times.items() if name not in self.failures}

    def result(
        self, group: str, name: str, *, tokens: int = 0, padding: float | None = None,
        agreement: Agreement | None = None,
    ) -> Result:  # fmt: skip
        """The result of one case."""
        case = self.cases[name]
        return Result(
            group, name, len(case.inputs), self.times.get(name), tokens=tokens, padding=padding,
            agreement=agreement, note=self.failures.get(name, ""), batch=case.batch,
        )  # fmt: skip

    def _warm_up(self, name: str) -> None:
        case = self.cases[name]
        self._try(name, case.warm_up or case.embed, case.inputs[:WARM_UP])

    def _run(self, name: str) -> None:
        case = self.cases[name]
        output = self._try(name, case.embed, case.inputs)
        if output is not None:
            self.outputs[name] = output

    def _try(self, name: str, embed: EmbedFn, inputs: Sequence[Input]) -> EmbedOutput | None:
        if name in self.failures:
            return None
        try:
            return embed(inputs)
        except Exception as error:
            if self.cases[name].ours:
                raise
            # Other packages, in versions and memory not under our control: one row fails.
            reason = str(error).strip().partition("\n")[0][:120]
            self.failures[name] = f"failed: {type(error).__name__}: {reason}"
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None


def prefill_padding(target: Target, case: Case) -> float:
    """The share of padding in a case's prefills."""
    lengths = [len(prompt.token_ids) for prompt in target.prompts(case.inputs)]
    if case.sorted:
        return padding(lengths, bucket(lengths, target.engine.limits))
    every = list(range(len(lengths)))
    groups = [every[start : start + case.batch] for start in range(0, len(every), case.batch)]
    return padding(lengths, groups)
