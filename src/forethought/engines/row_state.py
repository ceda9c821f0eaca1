"""What is known of the rows that write, as tensors of fixed size."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.engines.stopping import OPEN, SPAN


@dataclass(frozen=True, slots=True, eq=False)
class NextTokens:
    """The next token of each row, how the row ends by it, and what `closing` counts with it."""

    tokens: Int[Tensor, " N"]
    codes: Int[Tensor, " N"]
    runs: Int[Tensor, "N S"]


@dataclass(frozen=True, slots=True, eq=False)
class RowState:
    """One place a row; those in use are the first.

    `history` holds prompt and completion, token for token where the cache holds their keys;
    the completion starts at `starts`, and `lengths` tokens were read. `positions` is where in
    time the next one stands. `last` is the state that predicts it, `runs` what `closing`
    counts, `uniform_draws` the number that draws each token. A row whose `endings` is not open
    feeds its embed token next; after that it is `done`, and `vectors` holds its state there.
    `seen` is the vector of the last look, where rows may stop early. Places out of use are
    done: whatever is computed for them is never kept.
    """

    history: Int[Tensor, "N T"]
    starts: Int[Tensor, " N"]
    lengths: Int[Tensor, " N"]
    positions: Int[Tensor, " N"]
    runs: Int[Tensor, "N S"]
    uniform_draws: Float[Tensor, "N B"]
    endings: Int[Tensor, " N"]
    done: Bool[Tensor, " N"]
    last: Float[Tensor, "N H"]
    vectors: Float[Tensor, "N H"]
    seen: Float[Tensor, "N H"]

    @classmethod
    def unused(
        cls, count: int, *, room: int, draws: int, states: Float[Tensor, "M H"]
    ) -> "RowState":
        """So many rows, none in use, with states like those given."""
        device = states.device
        number = torch.zeros(count, dtype=torch.long, device=device)
        vectors = states.new_zeros(count, states.shape[1])
        return cls(
            history=number.new_zeros(count, room),
            starts=number,
            lengths=number.clone(),
            positions=number.clone(),
            runs=number.new_zeros(count, SPAN - 1),
            uniform_draws=torch.zeros(count, draws, device=device),
            endings=torch.full_like(number, OPEN),
            done=torch.ones_like(number, dtype=torch.bool),
            last=vectors,
            vectors=vectors.clone(),
            # Near to nothing until a row was looked at once.
            seen=torch.full_like(vectors, torch.nan),
        )

    def part(self, start: int, end: int) -> "RowState":
        """Some of the rows: what is written to them is written here."""
        return RowState(*(getattr(self, field.name)[start:end] for field in fields(self)))

    def fill(self, start: int, rows: "RowState") -> None:
        """Put other rows at the places from `start` on."""
        for field in fields(self):
            new = getattr(rows, field.name)
            getattr(self, field.name)[start : start + len(new)] = new

    def keep(self, order: Sequence[int], *, count: int) -> None:
        """Keep those that `order` names of the `count` rows in use, in that order."""
        index = torch.tensor(order, dtype=torch.long, device=self.done.device)
        for field in fields(self):
            values = getattr(self, field.name)
            values[: len(order)] = values[index]
        self.done[len(order) : count] = True

    @property
    def written(self) -> dict[str, Tensor]:
        """Where completions stand."""
        return {"history": self.history, "starts": self.starts, "lengths": self.lengths}

    def put(self, chosen: NextTokens, rows: Bool[Tensor, " N"]) -> None:
        """Let some rows write what was chosen; it is read by the next pass."""
        at = self.lengths[:, None]
        tokens = torch.where(rows, chosen.tokens, self.history.gather(1, at)[:, 0])
        self.history.scatter_(1, at, tokens[:, None])
        self.endings.copy_(torch.where(rows, chosen.codes, self.endings))
        self.runs.copy_(torch.where(rows[:, None], chosen.runs, self.runs))

    def note(self, states: Float[Tensor, "N H"], rows: Bool[Tensor, " N"]) -> None:
        """Take in the states of some rows at the token they wrote; those that end are done."""
        ends = rows & (self.endings != OPEN)
        self.vectors.copy_(torch.where(ends[:, None], states, self.vectors))
        self.last.copy_(torch.where(rows[:, None], states, self.last))
        self.lengths.add_(rows)
        self.positions.add_(rows)
        self.done.logical_or_(ends)
