"""What is left to write: inputs that are the same are written about once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from forethought.annotation.worker import Worker
from forethought.data import Candidate, ExampleInput
from forethought.errors import ConfigError
from forethought.types import Side


@dataclass(frozen=True, slots=True)
class InputGroup:
    """Inputs of one content, instruction and side; workers are given the first."""

    members: tuple[ExampleInput, ...]

    @property
    def first(self) -> ExampleInput:
        """The one that is opened."""
        return self.members[0]


@dataclass(frozen=True, slots=True)
class Task:
    """One sample of one input, by its position in all groups."""

    group: int
    sample: int


@dataclass(frozen=True, slots=True)
class WorkerTasks:
    """What one worker has left to write; `groups` are those of all inputs, in a fixed order."""

    worker: Worker
    groups: Sequence[InputGroup]
    tasks: tuple[Task, ...]


def group_inputs(inputs: Iterable[ExampleInput], *, documents: bool) -> list[InputGroup]:
    """The inputs that are written about: queries first, then documents if they are wanted."""
    found: dict[tuple[Side, str], list[ExampleInput]] = {}
    chosen = [one for one in inputs if documents or one.side is Side.QUERY]
    for one in sorted(chosen, key=lambda one: one.side is Side.DOCUMENT):
        found.setdefault((one.side, one.digest), []).append(one)
    return [InputGroup(tuple(members)) for members in found.values()]


def tasks_left(
    workers: Iterable[Worker], groups: Sequence[InputGroup], candidates: Iterable[Candidate]
) -> list[WorkerTasks]:
    """What each worker has left; a candidate of any member of a group counts for the group.

    Raises:
        ConfigError: if a worker wrote a candidate with other settings.
    """
    workers = list(workers)
    made_by = {worker.name: worker.made_by for worker in workers}
    done = set()
    for one in candidates:
        if made_by.get(one.worker, one.made_by) != one.made_by:
            raise ConfigError(
                f"worker {one.worker!r} wrote with another model, prompt or sampling before; give "
                "the changed worker another name, or name another file of candidates"
            )
        done.add((one.side, one.input, one.worker, one.sample))
    return [
        WorkerTasks(
            worker,
            groups,
            tuple(
                Task(index, sample)
                for index, group in enumerate(groups)
                for sample in range(worker.samples)
                if (group.first.side, group.first.digest, worker.name, sample) not in done
            ),
        )
        for worker in workers
    ]


def copies_for(candidate: Candidate, members: Iterable[ExampleInput]) -> list[Candidate]:
    """The candidate for every member; its tokens are counted once."""
    copies = [replace(candidate, line=one.line, document=one.document) for one in members]
    return copies[:1] + [replace(one, prompt_tokens=0, completion_tokens=0) for one in copies[1:]]
