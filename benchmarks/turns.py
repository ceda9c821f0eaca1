"""Rivals run in turns on their inputs; one that fails is told of, and the others go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from benchmarks.inputs import Input
from benchmarks.roofline import finish
from benchmarks.rows import Agreement, Row
from benchmarks.stock import Answer, Rival
from benchmarks.subject import Subject
from benchmarks.timing import Times, interleave
from forethought.engines import bucket, padding

WARM = 4
"""So many inputs are enough to warm a rival up that keeps nothing from one call to the next."""


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One rival: what it is shown, how many at most at a time, and whether it orders by length.

    `warm` runs once before the clock does; by default the rival itself, on a few inputs.
    """

    rival: Rival
    inputs: Sequence[Input]
    batch: int
    ordered: bool = False
    ours: bool = False
    warm: Rival | None = None


@dataclass(slots=True, eq=False)
class Turns:
    """What came of it: answers and times, or why there are none."""

    entries: Mapping[str, Entry]
    answers: dict[str, Answer] = field(default_factory=dict)
    times: dict[str, Times] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def run(self, *, repeats: int, device: torch.device) -> None:
        """Time every rival, in rounds."""
        times = interleave(
            {name: partial(self._run, name) for name in self.entries},
            repeats=repeats,
            warm={name: partial(self._warm, name) for name in self.entries},
            wait=partial(finish, device),
        )
        self.times = {name: taken for name, taken in times.items() if name not in self.failed}

    def row(
        self, group: str, name: str, *, tokens: int = 0, padding: float | None = None,
        agreement: Agreement | None = None,
    ) -> Row:  # fmt: skip
        """One rival's row."""
        entry = self.entries[name]
        return Row(
            group, name, len(entry.inputs), self.times.get(name), tokens=tokens, padding=padding,
            agreement=agreement, note=self.failed.get(name, ""),
            batch=entry.batch,
        )  # fmt: skip

    def _warm(self, name: str) -> None:
        entry = self.entries[name]
        self._guarded(name, entry.warm or entry.rival, entry.inputs[:WARM])

    def _run(self, name: str) -> None:
        entry = self.entries[name]
        found = self._guarded(name, entry.rival, entry.inputs)
        if found is not None:
            self.answers[name] = found

    def _guarded(self, name: str, rival: Rival, inputs: Sequence[Input]) -> Answer | None:
        if name in self.failed:
            return None
        try:
            return rival(inputs)
        except Exception as error:
            if self.entries[name].ours:
                raise
            # Others' code, on versions and memory that we do not choose: a row, not the end.
            said = str(error).strip().partition("\n")[0][:120]
            self.failed[name] = f"failed: {type(error).__name__}: {said}"
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None


def padded(subject: Subject, entry: Entry) -> float:
    """The share of padding in what a rival reads first."""
    lengths = [len(prompt.token_ids) for prompt in subject.prompts(entry.inputs)]
    if entry.ordered:
        return padding(lengths, bucket(lengths, subject.engine.limits))
    every = list(range(len(lengths)))
    groups = [every[start : start + entry.batch] for start in range(0, len(every), entry.batch)]
    return padding(lengths, groups)
