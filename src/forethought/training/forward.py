"""Rows through the backbone, and the states that the losses need."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import QwenVL, collate
from forethought.training.batch_builder import Row
from forethought.types import Patches


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """What one pass over the rows gave.

    `direct` has a state for every row; `thought` one for each row of `thinking`, in its
    order; `logits` score the `targets`, every token of every taught completion.
    """

    direct: Float[Tensor, "R H"]
    thought: Float[Tensor, "S H"]
    thinking: tuple[int, ...]
    logits: Float[Tensor, "T V"]
    targets: Int[Tensor, " T"]


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Runs rows in chunks of like length, so that little of a chunk is padding."""

    backbone: QwenVL
    pad_id: int
    chunk: int = 64

    def read(self, rows: Sequence[Row]) -> States:
        """Read every row at its embed tokens, and score what it was taught."""
        order = sorted(range(len(rows)), key=lambda index: _length(rows[index]))
        parts = [
            self._read([(index, rows[index]) for index in order[start : start + self.chunk]])
            for start in range(0, len(order), self.chunk)
        ]
        back = torch.tensor(order).argsort().to(self.backbone.device)
        thinking = tuple(index for part in parts for index in part.thinking)
        return States(
            torch.cat([part.direct for part in parts])[back],
            torch.cat([part.thought for part in parts]),
            thinking,
            torch.cat([part.logits for part in parts]),
            torch.cat([part.targets for part in parts]),
        )

    def statements(self, sequences: Sequence[tuple[int, ...]], *, first: int) -> States:
        """Score plain sequences from their token `first` on."""
        hidden = self._hidden(sequences, [()] * len(sequences))
        spans = [range(first, len(ids)) for ids in sequences]
        logits, targets = self._scored(hidden, sequences, spans)
        return States(hidden[:, 0], hidden[:0, 0], (), logits, targets)

    def _read(self, rows: Sequence[tuple[int, Row]]) -> States:
        sequences = [(*row.prompt.prefix_ids, *row.completion) for _, row in rows]
        hidden = self._hidden(sequences, [row.prompt.pictures for _, row in rows])
        spans = [
            range(row.prompt.write_at, len(ids)) if row.taught else range(0)
            for (_, row), ids in zip(rows, sequences, strict=True)
        ]
        thinking = [at for at, (_, row) in enumerate(rows) if row.completion and not row.taught]
        # A row's own completion ends at the embed token, where the thought vector is read.
        ends = [len(sequences[at]) - 1 for at in thinking]
        logits, targets = self._scored(hidden, sequences, spans)
        every = torch.arange(len(rows), device=hidden.device)
        read_at = torch.tensor([row.prompt.read_at for _, row in rows], device=hidden.device)
        return States(
            hidden[every, read_at].float(),
            hidden[_indices(thinking), _indices(ends)].float(),
            tuple(rows[at][0] for at in thinking),
            logits,
            targets,
        )

    def _hidden(
        self, sequences: Sequence[tuple[int, ...]], pictures: Sequence[Sequence[Patches]]
    ) -> Float[Tensor, "B L H"]:
        batch = collate(
            sequences,
            pictures,
            side="right",
            placeholders=self.backbone.placeholders,
            pad_id=self.pad_id,
        ).to(self.backbone.device)
        return self.backbone.hidden_states(batch)

    def _scored(
        self,
        hidden: Float[Tensor, "B L H"],
        sequences: Sequence[tuple[int, ...]],
        spans: Sequence[range],
    ) -> tuple[Float[Tensor, "T V"], Int[Tensor, " T"]]:
        places = [(row, at) for row, span in enumerate(spans) for at in span]
        rows, ats = _indices([row for row, _ in places]), _indices([at for _, at in places])
        targets = _indices([sequences[row][at] for row, at in places])
        logits = self.backbone.logits(hidden[rows, ats - 1])
        return logits, targets.to(hidden.device)


def _length(row: Row) -> int:
    return row.prompt.write_at + len(row.completion)


def _indices(values: Sequence[int]) -> Int[Tensor, " N"]:
    return torch.tensor(values, dtype=torch.long)
