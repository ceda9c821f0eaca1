"""What a run of workers came to."""

from collections import Counter
from dataclasses import dataclass

from forethought.annotation.worker import Worker


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """One worker's share of a file of candidates, earlier runs included.

    `written` counts its replies to different inputs, `stored` those of earlier runs among them,
    `failed` the requests of this run without a reply. `usable` and `rejected` count candidates:
    a reply to an input that several examples have is several. `error` is why it ended early.
    """

    worker: Worker
    written: int
    stored: int
    failed: int
    usable: int
    rejected: Counter[str]
    prompt_tokens: int
    completion_tokens: int
    error: str = ""

    @property
    def cost(self) -> float:
        """What its tokens cost, those of earlier runs included."""
        return self.worker.cost(
            prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens
        )


@dataclass(frozen=True, slots=True)
class AnnotationReport:
    """All workers, and the inputs that were given to them.

    `inputs` are different inputs, of `sides` sides of examples; `without` of the sides have no
    usable candidate. `failures` are the first messages of requests without a reply; `unfinished`
    counts the requests that another run would send again.
    """

    workers: tuple[WorkerReport, ...]
    inputs: int
    sides: int
    without: int
    failures: tuple[str, ...]
    unfinished: int

    @property
    def usable(self) -> int:
        """Candidates that may be chosen."""
        return sum(worker.usable for worker in self.workers)
