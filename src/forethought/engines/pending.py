"""Prompts that are written about, until all of their samples are back."""

from collections.abc import Collection, Iterator, Sequence

from jaxtyping import Float
from torch import Tensor

from forethought.engines.request import FinishedRow, Prefill, RequestOutput


class PendingRequests:
    """Keeps what is known of a prompt while its rows write.

    A row's key is its prompt's place times `samples`, and the sample's number.
    """

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._known: dict[int, tuple[Float[Tensor, " H"], float]] = {}
        self._back: dict[int, dict[int, FinishedRow]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def receive(
        self, group: Sequence[int], prefill: Prefill, *, rows: Sequence[int], gates: Sequence[float]
    ) -> Iterator[RequestOutput]:
        """Note a group that was read; answer the prompts that are not thought about."""
        thinks = set(rows)
        for row, index in enumerate(group):
            if row in thinks:
                self._known[index] = (prefill.direct[row], gates[row])
            else:
                yield RequestOutput(index, prefill.direct[row], gates[row], (), ())

    def hand_back(self, closed: Sequence[FinishedRow]) -> Iterator[RequestOutput]:
        """Take rows that closed; answer the prompts whose last one it was."""
        for row in closed:
            index, number = divmod(row.key, self._samples)
            back = self._back.setdefault(index, {})
            back[number] = row
            if len(back) == self._samples:
                yield self._answer(index)

    def drop(self, indices: Collection[int]) -> set[int]:
        """Forget prompts; give the keys of the rows they had."""
        gone = [index for index in self._known if index in indices]
        for index in gone:
            del self._known[index]
            self._back.pop(index, None)
        return {index * self._samples + number for index in gone for number in range(self._samples)}

    def _answer(self, index: int) -> RequestOutput:
        direct, gate = self._known.pop(index)
        back = self._back.pop(index)
        ordered = [back[number] for number in range(self._samples)]
        completions = tuple(row.thought for row in ordered)
        return RequestOutput(index, direct, gate, completions, tuple(row.vector for row in ordered))
