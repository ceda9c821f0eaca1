"""Rows through the backbone, and the states that the losses need."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import QwenVL, collate
from forethought.types import Patches, Prompt

CHUNK = 64
"""The most sequences of one pass on a CPU."""
LEAST, GROWTH = 8, 1.25
"""On a CPU, which computes padding as it computes tokens, a pass of `LEAST` sequences or more takes
none that is over `GROWTH` times as long as its first."""
GPU_TOKENS = 1 << 14
"""The most tokens of one pass on a GPU, padding included: a small model's passes take as long as
their kernels take to launch, however many tokens they have."""


@dataclass(frozen=True, slots=True)
class TrainRow:
    """A prompt with the completion behind it, if any.

    The tokens of a `supervised` completion are targets of next-token loss. Any other
    completion ends in the embed token, where the thought state is read. No row is both: a
    vector read behind a true rationale would copy its target from there.
    """

    prompt: Prompt
    completion: tuple[int, ...] = ()
    supervised: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """What one pass over rows gave.

    `direct` has a state for every row, in order; `thought` one for each of `thought_rows`;
    `logits` score the `targets`, the tokens of every supervised completion.
    """

    direct: Float[Tensor, "R H"]
    thought: Float[Tensor, "S H"]
    thought_rows: tuple[int, ...]
    logits: Float[Tensor, "T V"]
    targets: Int[Tensor, " T"]


@dataclass(frozen=True, slots=True)
class _Sequence:
    """What is fed for a row, or a part of it, and where its states are read."""

    row: int
    token_ids: tuple[int, ...]
    media: tuple[Patches, ...]
    direct_at: int | None = None
    thought_at: int | None = None
    targets: Sequence[int] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Runs rows through a backbone in chunks of similar length, so that little is padding."""

    backbone: QwenVL
    pad_id: int
    chunk: int = CHUNK

    def read(self, rows: Sequence[TrainRow]) -> States:
        """Read every row at its embed tokens, and score the supervised completions."""
        return self._run([sequence for row in enumerate(rows) for sequence in _sequences(*row)])

    def score(
        self, sequences: Sequence[tuple[int, ...]], *, targets: Sequence[Sequence[int]]
    ) -> States:
        """Score tokens of plain sequences, by position; `direct` is of their first tokens.

        The scores are those of the sequences by length, and in order where it is equal.
        """
        return self._run(
            [
                _Sequence(row, ids, (), direct_at=0, targets=at)
                for row, (ids, at) in enumerate(zip(sequences, targets, strict=True))
            ]
        )

    def _run(self, sequences: Sequence[_Sequence]) -> States:
        ordered = sorted(sequences, key=lambda sequence: len(sequence.token_ids))
        parts = [self._pass(chunk) for chunk in self._chunks(ordered)]
        # An embedder may lack a head, and a chunk targets: only chunks with some are scored.
        scored = [part for part in parts if len(part.targets)] or parts[:1]
        read = [sequence.row for sequence in ordered if sequence.direct_at is not None]
        back = torch.tensor(read).argsort().to(self.backbone.device)
        return States(
            torch.cat([part.direct for part in parts])[back],
            torch.cat([part.thought for part in parts]),
            tuple(row for part in parts for row in part.thought_rows),
            torch.cat([part.logits for part in scored]),
            torch.cat([part.targets for part in scored]),
        )

    def _chunks(self, ordered: Sequence[_Sequence]) -> list[list[_Sequence]]:
        """Sequences, sorted by length, in passes."""
        fits = self._fits_cpu if self.backbone.device.type == "cpu" else _fits_gpu
        chunks: list[list[_Sequence]] = []
        for sequence in ordered:
            if chunks and fits(chunks[-1], len(sequence.token_ids)):
                chunks[-1].append(sequence)
            else:
                chunks.append([sequence])
        return chunks

    def _fits_cpu(self, chunk: Sequence[_Sequence], length: int) -> bool:
        is_alike = length <= GROWTH * len(chunk[0].token_ids)
        return len(chunk) < self.chunk and (is_alike or len(chunk) < LEAST)

    def _pass(self, sequences: Sequence[_Sequence]) -> States:
        batch = collate(
            [sequence.token_ids for sequence in sequences],
            [sequence.media for sequence in sequences],
            side="right",
            placeholders=self.backbone.placeholders,
            pad_id=self.pad_id,
        ).to(self.backbone.device)
        hidden = self.backbone.hidden_states(batch)
        direct = [(i, s.direct_at) for i, s in enumerate(sequences) if s.direct_at is not None]
        thought = [(i, s.thought_at) for i, s in enumerate(sequences) if s.thought_at is not None]
        scored = [(i, at) for i, s in enumerate(sequences) for at in s.targets]
        targets = torch.tensor([sequences[i].token_ids[at] for i, at in scored], dtype=torch.long)
        before = _states(hidden, [(i, at - 1) for i, at in scored])
        empty = hidden.new_zeros(0, self.backbone.vocab_size)
        return States(
            _states(hidden, direct).float(),
            _states(hidden, thought).float(),
            tuple(sequences[i].row for i, _ in thought),
            self.backbone.logits(before) if scored else empty,
            targets.to(hidden.device),
        )


def _fits_gpu(chunk: Sequence[_Sequence], length: int) -> bool:
    return (len(chunk) + 1) * length <= GPU_TOKENS


def _sequences(index: int, row: TrainRow) -> list[_Sequence]:
    prompt = row.prompt
    if not row.completion:
        return [_direct(index, prompt)]
    whole = _Sequence(
        index,
        (*prompt.prefix_ids, *row.completion),
        prompt.pictures,
        direct_at=prompt.read_at if prompt.read_at < prompt.write_at else None,
        thought_at=None if row.supervised else prompt.write_at + len(row.completion) - 1,
        targets=(
            range(prompt.write_at, prompt.write_at + len(row.completion)) if row.supervised else ()
        ),
    )
    if whole.direct_at is not None:
        return [whole]
    # The direct state is read at a token that the completion takes the place of.
    return [
        _direct(index, prompt),
        whole,
    ]


def _direct(index: int, prompt: Prompt) -> _Sequence:
    """A prompt up to the token where it is read: attention is causal, what follows adds nothing."""
    ids = prompt.token_ids[: prompt.read_at + 1]
    return _Sequence(index, ids, prompt.pictures, direct_at=prompt.read_at)


def _states(
    hidden: Float[Tensor, "B L H"], positions: Sequence[tuple[int, int]]
) -> Float[Tensor, "N H"]:
    rows, columns = (
        torch.tensor([position[axis] for position in positions], dtype=torch.long)
        for axis in (0, 1)
    )
    return hidden[rows, columns]
