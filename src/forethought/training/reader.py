"""Rows through the backbone, and the states that the losses need."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from forethought.backbones import QwenVL, collate
from forethought.losses import next_token
from forethought.training.pass_size import MemorySettings, PassSize, split_passes
from forethought.training.world import World
from forethought.types import Patches, Prompt


@dataclass(frozen=True, slots=True)
class TrainRow:
    """A prompt with the completion behind it, if any.

    The tokens of a `supervised` completion are targets of next-token loss. The thought state is
    read at the completion's token `thought_at`, its embed token; None for a completion whose
    vector takes part in no loss.
    """

    prompt: Prompt
    completion: tuple[int, ...] = ()
    supervised: bool = False
    thought_at: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class States:
    """What one pass over rows gave.

    `direct` has a state for every row, in order; `thought` one for each of `thought_rows`;
    `token_losses` are the negative log-likelihoods in nats of the tokens of every supervised
    completion, each of the row in `token_rows`.
    """

    direct: Float[Tensor, "R H"]
    thought: Float[Tensor, "S H"]
    thought_rows: tuple[int, ...]
    token_losses: Float[Tensor, " T"]
    token_rows: tuple[int, ...]


@dataclass(slots=True, eq=False)
class TokenCount:
    """How many tokens were fed to a network so far, without padding."""

    total: int = 0


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
    """Runs rows through a backbone in chunks of similar length, so that little is padding.

    `fed` counts the tokens of all of them once, also those of passes that run twice.
    """

    backbone: QwenVL
    pad_id: int
    memory: MemorySettings = field(default_factory=MemorySettings)
    world: World = field(default_factory=World)
    fed: TokenCount = field(default_factory=TokenCount)

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
        self.fed.total += sum(len(sequence.token_ids) for sequence in ordered)
        parts = [self._states(chunk) for chunk in self._chunks(ordered)]
        read = [sequence.row for sequence in ordered if sequence.direct_at is not None]
        back = torch.tensor(read, dtype=torch.long).argsort().to(self.backbone.device)
        return States(
            torch.cat([part.direct for part in parts])[back],
            torch.cat([part.thought for part in parts]),
            tuple(row for part in parts for row in part.thought_rows),
            torch.cat([part.token_losses for part in parts]),
            tuple(row for part in parts for row in part.token_rows),
        )

    def _states(self, chunk: Sequence[_Sequence]) -> States:
        """A pass, whose activations are computed again in the backward pass with `grad_cache`."""
        if not (self.memory.grad_cache and torch.is_grad_enabled()):
            return self._pass(chunk)
        states: States = checkpoint(self._pass, chunk, use_reentrant=False)
        return states

    def _chunks(self, ordered: Sequence[_Sequence]) -> list[list[_Sequence]]:
        """Sequences, sorted by length, in passes."""
        counts = split_passes(
            [len(sequence.token_ids) for sequence in ordered],
            self.memory,
            on_cpu=self.backbone.device.type == "cpu",
        )
        rest = iter(ordered)
        chunks = [list(islice(rest, count)) for count in counts]
        # Processes that share weights gather them pass by pass: each must run as many.
        missing = max(1, self.world.most_passes(len(chunks))) - len(chunks)
        return chunks + [[_Sequence(0, (self.pad_id,), ())]] * missing

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
        return States(
            _wide(_states(hidden, direct)),
            _wide(_states(hidden, thought)),
            tuple(sequences[i].row for i, _ in thought),
            self._token_losses(hidden, batch.token_ids, scored),
            tuple(sequences[i].row for i, _ in scored),
        )

    def _token_losses(
        self,
        hidden: Float[Tensor, "B L H"],
        token_ids: Int[Tensor, "B L"],
        scored: Sequence[tuple[int, int]],
    ) -> Float[Tensor, " T"]:
        # An embedder may lack a head: none is run where nothing is scored. An empty sum of the
        # states is there for the gradient of a pass that only takes part in the others' gathering.
        if not scored:
            return _wide(hidden[:, 0, 0][:0])
        logits = self.backbone.logits(_states(hidden, [(i, at - 1) for i, at in scored]))
        return next_token(logits, _states(token_ids, scored))


def pass_sizes(rows: Sequence[TrainRow], memory: MemorySettings, *, on_cpu: bool) -> list[PassSize]:
    """The passes in which a reader would read rows."""
    sequences = [sequence for row in enumerate(rows) for sequence in _sequences(*row)]
    ordered = sorted(sequences, key=lambda sequence: len(sequence.token_ids))
    lengths = [len(sequence.token_ids) for sequence in ordered]
    rest = iter(ordered)
    chunks = [list(islice(rest, count)) for count in split_passes(lengths, memory, on_cpu=on_cpu)]
    return [
        PassSize(
            rows=len(chunk),
            length=len(chunk[-1].token_ids),
            scored=sum(len(sequence.targets) for sequence in chunk),
            patches=sum(len(media.values) for sequence in chunk for media in sequence.media),
        )
        for chunk in chunks
    ]


def _wide(states: Tensor) -> Tensor:
    """At least float32: losses compare vectors in it."""
    return states if states.dtype == torch.float64 else states.float()


def _sequences(index: int, row: TrainRow) -> list[_Sequence]:
    prompt = row.prompt
    if not row.completion:
        return [_direct(index, prompt)]
    whole = _Sequence(
        index,
        (*prompt.prefix_ids, *row.completion),
        prompt.pictures,
        direct_at=prompt.read_at if prompt.read_at < prompt.write_at else None,
        thought_at=None if row.thought_at is None else prompt.write_at + row.thought_at,
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


def _states(values: Tensor, positions: Sequence[tuple[int, int]]) -> Tensor:
    """The values at (row, column) of a batch: states [N H] or token ids [N]."""
    rows, columns = (
        torch.tensor([position[axis] for position in positions], dtype=torch.long)
        for axis in (0, 1)
    )
    return values[rows, columns]
