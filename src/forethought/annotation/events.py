"""What workers report while they run."""

from dataclasses import dataclass

from forethought.annotation.tasks import Task


@dataclass(frozen=True, slots=True)
class WorkerReply:
    """What a worker wrote for a task, as it wrote it.

    `rejected` is a reason that does not follow from the text, such as that it was cut off.
    """

    worker: int
    task: Task
    thinking: str
    answer: str = ""
    rejected: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """Why a task has no reply; `is_lasting` if another run would fail alike."""

    worker: int
    task: Task
    message: str
    is_lasting: bool


@dataclass(frozen=True, slots=True)
class WorkerEnd:
    """A worker is done, or ended early for an error."""

    worker: int
    error: Exception | None = None


WorkerEvent = WorkerReply | WorkerFailure | WorkerEnd
