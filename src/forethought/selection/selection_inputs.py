"""The examples, and which of their candidates may be selected."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from forethought.data import Candidate
from forethought.errors import ConfigError
from forethought.selection.choose import ScoredCandidate
from forethought.selection.pair_index import QUERY, PairIndex, Place
from forethought.selection.refusals import refusal_of
from forethought.types import Side


@dataclass(frozen=True, slots=True)
class SelectionInputs:
    """The examples and their candidates.

    Args:
        workers: only candidates of these; of all if empty.
        allow_label: see `refusal_of`.
        num_swaps: how many inputs of each side take part in the swap test.
        num_negatives: the most negatives that an input is scored against; None for the
            evaluator's default.
    """

    index: PairIndex
    candidates: Sequence[Candidate]
    workers: Collection[str] = ()
    allow_label: bool = False
    num_swaps: int = 200
    num_negatives: int | None = None

    def by_place(self) -> dict[Place, list[Candidate]]:
        """The candidates of each input, by worker and sample.

        Raises:
            ConfigError: if there are none of a named worker, or none at all.
        """
        known = {one.worker for one in self.candidates}
        unknown = sorted({*self.workers} - known)
        if unknown or not known:
            raise ConfigError(
                f"no candidates of a worker {unknown[0]!r}; the workers are {', '.join(sorted(known))}"
                if unknown
                else "there are no candidates; write some with `forethought annotate`"
            )
        found: dict[Place, list[Candidate]] = defaultdict(list)
        # The order does not depend on that of the file, which is that of the answers of endpoints.
        for one in sorted(self.candidates, key=lambda one: (one.worker, one.sample)):
            if not self.workers or one.worker in self.workers:
                document = QUERY if one.side is Side.QUERY else one.document
                found[Place(one.line, document)].append(one)
        return found

    def screen(self, place: Place, candidates: Sequence[Candidate]) -> tuple[ScoredCandidate, ...]:
        """The candidates of an input, with the reason why one is refused."""
        if not candidates:
            return ()
        line = self.index.lines[place.line]
        return tuple(
            ScoredCandidate(one, refused=refusal_of(one, line, allow_label=self.allow_label))
            for one in candidates
        )
