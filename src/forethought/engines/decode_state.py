"""The state of every row that decodes, as tensors of fixed size."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.engines.stopping import MAX_PATTERN_SIZE, RUNNING


@dataclass(frozen=True, slots=True, eq=False)
class NextTokens:
    """The next token of each row, how the row ends with it, and its `repeat_counts` with it."""

    token_ids: Int[Tensor, " N"]
    endings: Int[Tensor, " N"]
    repeat_counts: Int[Tensor, "N S"]


@dataclass(frozen=True, slots=True, eq=False)
class DecodeState:
    """One entry a row; the rows in use are the first ones.

    `token_ids` are prompt and completion, aligned with the KV cache; the completion begins at
    `starts`, and `lengths` tokens have been run. `positions` is the M-RoPE position of the next
    token, `last` the hidden state that predicts it. `uniform_draws` sample the tokens,
    `repeat_counts` detect loops (`stopping`). A row whose `endings` is not `RUNNING` runs its
    embed token next; then it is `done`, and `vectors` has the hidden state there. `probes` is
    the vector of the last early-exit probe. Rows that are not in use are done, and whatever is
    computed for them is discarded.
    """

    token_ids: Int[Tensor, "N T"]
    starts: Int[Tensor, " N"]
    lengths: Int[Tensor, " N"]
    positions: Int[Tensor, " N"]
    repeat_counts: Int[Tensor, "N S"]
    uniform_draws: Float[Tensor, "N B"]
    endings: Int[Tensor, " N"]
    done: Bool[Tensor, " N"]
    last: Float[Tensor, "N H"]
    vectors: Float[Tensor, "N H"]
    probes: Float[Tensor, "N H"]

    @classmethod
    def empty(
        cls, rows: int, *, max_length: int, draws: int, like: Float[Tensor, "M H"]
    ) -> "DecodeState":
        """No row in use; hidden states have the size, dtype and device of `like`."""
        device = like.device
        number = torch.zeros(rows, dtype=torch.long, device=device)
        vectors = like.new_zeros(rows, like.shape[1])
        return cls(
            token_ids=number.new_zeros(rows, max_length),
            starts=number,
            lengths=number.clone(),
            positions=number.clone(),
            repeat_counts=number.new_zeros(rows, MAX_PATTERN_SIZE - 1),
            uniform_draws=torch.zeros(rows, draws, device=device),
            endings=torch.full_like(number, RUNNING),
            done=torch.ones_like(number, dtype=torch.bool),
            last=vectors,
            vectors=vectors.clone(),
            # NaN is close to nothing, so the first probe never ends a row.
            probes=torch.full_like(vectors, torch.nan),
        )

    def first(self, count: int) -> "DecodeState":
        """A view of the first rows."""
        return DecodeState(*(getattr(self, field.name)[:count] for field in fields(self)))

    def insert(self, first: int, rows: "DecodeState") -> None:
        """Copy rows to the positions from `first` on."""
        for field in fields(self):
            new = getattr(rows, field.name)
            getattr(self, field.name)[first : first + len(new)] = new

    def keep(self, order: Sequence[int], *, count: int) -> None:
        """Keep the rows of `order`, in that order, of the `count` in use."""
        index = torch.tensor(order, dtype=torch.long, device=self.done.device)
        for field in fields(self):
            values = getattr(self, field.name)
            values[: len(order)] = values[index]
        self.done[len(order) : count] = True

    def append(self, chosen: NextTokens, rows: Bool[Tensor, " N"]) -> None:
        """Append the chosen tokens in the `rows` that are true; they have not been run yet."""
        end = self.lengths[:, None]
        token_ids = torch.where(rows, chosen.token_ids, self.token_ids.gather(1, end)[:, 0])
        self.token_ids.scatter_(1, end, token_ids[:, None])
        self.endings.copy_(torch.where(rows, chosen.endings, self.endings))
        self.repeat_counts.copy_(
            torch.where(rows[:, None], chosen.repeat_counts, self.repeat_counts)
        )

    def advance(self, hidden: Float[Tensor, "N H"], rows: Bool[Tensor, " N"]) -> None:
        """Store the hidden states of the appended tokens of some rows; those that end are done."""
        ends = rows & (self.endings != RUNNING)
        self.vectors.copy_(torch.where(ends[:, None], hidden, self.vectors))
        self.last.copy_(torch.where(rows[:, None], hidden, self.last))
        self.lengths.add_(rows)
        self.positions.add_(rows)
        self.done.logical_or_(ends)
