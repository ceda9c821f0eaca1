"""What requests return: the finished rows of each are collected into its output."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from forethought.engines.prefill import Prefill
from forethought.types import Ending


@dataclass(frozen=True, slots=True)
class Completion:
    """The tokens of one row, the embed token last, and how it ended."""

    token_ids: tuple[int, ...]
    ending: Ending


@dataclass(frozen=True, slots=True, eq=False)
class FinishedRow:
    """A row that ended: its key, the hidden state at its embed token, and its completion."""

    key: int
    vector: Float[Tensor, " H"]
    completion: Completion


@dataclass(frozen=True, slots=True, eq=False)
class RequestOutput:
    """One prompt's direct state, gate probability, and completions with their states.

    `gate` is NaN where there is no gate; `completions` and `vectors` have one entry a sample, or
    none for a prompt that does not decode.
    """

    index: int
    direct: Float[Tensor, " H"]
    gate: float
    completions: tuple[Completion, ...]
    vectors: tuple[Float[Tensor, " H"], ...]


class PendingRequests:
    """Requests whose rows are still being decoded.

    The key of a row is its prompt's index times `samples`, plus the sample's number.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._requests: dict[int, tuple[Float[Tensor, " H"], float]] = {}
        self._finished: dict[int, dict[int, FinishedRow]] = {}

    def __len__(self) -> int:
        return len(self._requests)

    def add(
        self, group: Sequence[int], prefill: Prefill, *, rows: Sequence[int], gates: Sequence[float]
    ) -> Iterator[RequestOutput]:
        """Add the `rows` of a prefill as pending; yield the outputs of the other prompts."""
        thinking = set(rows)
        for row, index in enumerate(group):
            if row in thinking:
                self._requests[index] = (prefill.direct[row], gates[row])
            else:
                yield RequestOutput(index, prefill.direct[row], gates[row], (), ())

    def finish(self, rows: Sequence[FinishedRow]) -> Iterator[RequestOutput]:
        """Collect finished rows; yield the outputs of requests that are complete."""
        for row in rows:
            index, number = divmod(row.key, self._samples)
            finished = self._finished.setdefault(index, {})
            finished[number] = row
            if len(finished) == self._samples:
                yield self._output(index)

    def cancel(self, indices: Collection[int]) -> set[int]:
        """Remove requests; return the keys of all their rows."""
        cancelled = [index for index in self._requests if index in indices]
        for index in cancelled:
            del self._requests[index]
            self._finished.pop(index, None)
        return {
            index * self._samples + number for index in cancelled for number in range(self._samples)
        }

    def _output(self, index: int) -> RequestOutput:
        direct, gate = self._requests.pop(index)
        finished = self._finished.pop(index)
        rows = [finished[number] for number in range(self._samples)]
        completions = tuple(row.completion for row in rows)
        return RequestOutput(index, direct, gate, completions, tuple(row.vector for row in rows))
