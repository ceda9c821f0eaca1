"""The tasks of a checkpoint that writes rationales in this process."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from threading import Event

from forethought.annotation.events import WorkerEvent, WorkerFailure, WorkerReply
from forethought.annotation.rejection import Rejection
from forethought.annotation.tasks import Task, WorkerTasks
from forethought.data import ExampleInputs
from forethought.encoders import ReasoningEncoder, load
from forethought.engines import DecodeOptions, Prefill, Sampling
from forethought.errors import ContentError, ModelError
from forethought.types import Ending, Message, Prompt, kind_of

_REJECTIONS = {
    Ending.LENGTH: Rejection.CUT_OFF,
    Ending.LOOP: Rejection.LOOP,
    Ending.MALFORMED: Rejection.MALFORMED,
}


@dataclass(frozen=True, slots=True)
class LocalTasks:
    """The tasks of one worker, in windows of inputs.

    A window holds the same inputs whatever is left to write, and draws its samples from its
    number, so an interrupted run writes what an uninterrupted one would have.
    """

    index: int
    tasks: WorkerTasks
    examples: ExampleInputs
    put: Callable[[WorkerEvent], None]

    def run(self, stop: Event) -> None:
        """Write everything that is left, or until `stop` is set.

        Raises:
            ModelError: if the checkpoint cannot be loaded, or does not think on a side.
        """
        worker = self.tasks.worker
        encoder = load(worker.checkpoint, device=worker.device or None)
        size = worker.batch_size
        for window, tasks in groupby(self.tasks.tasks, key=lambda task: task.group // size):
            if stop.is_set():
                return
            self._write(encoder, window, list(tasks))

    def _write(self, encoder: ReasoningEncoder, window: int, tasks: Sequence[Task]) -> None:
        worker, first = self.tasks.worker, window * self.tasks.worker.batch_size
        prompts = self._prompts(encoder, tasks)
        if not prompts:
            return
        length = max(prompts) - first + 1
        # What is written already keeps its place, and is never run.
        filler = next(iter(prompts.values()))
        cancelled = {n for n in range(length) if first + n not in prompts}
        outputs = encoder.engine.run(
            [prompts.get(first + n, filler) for n in range(length)],
            decide=_decode_all,
            decode_options=DecodeOptions(
                worker.max_tokens,
                Sampling(temperature=worker.temperature, top_p=worker.top_p),
                repeats=encoder.decode_options.repeats,
            ),
            samples=worker.samples,
            seed=(worker.seed or 0) * 1_000_003 + window,
            rows=worker.batch_size,
            cancelled=cancelled,
        )
        left = set(tasks)
        for output in outputs:
            for sample, completion in enumerate(output.completions):
                task = Task(first + output.index, sample)
                if task not in left:
                    continue
                rationale = encoder.renderer.read(completion.token_ids, ending=completion.ending)
                self.put(
                    WorkerReply(
                        self.index,
                        task,
                        rationale.thinking.strip(),
                        rationale.answer.strip(),
                        rejected=str(_REJECTIONS.get(rationale.ending, "")),
                        prompt_tokens=len(prompts[task.group].prefix_ids) if sample == 0 else 0,
                        completion_tokens=len(completion.token_ids),
                    )
                )

    def _prompts(self, encoder: ReasoningEncoder, tasks: Sequence[Task]) -> dict[int, Prompt]:
        """The prompt of each group that has something left; an unreadable one is a failure."""
        found: dict[int, Prompt] = {}
        for group, its in groupby(tasks, key=lambda task: task.group):
            one = self.tasks.groups[group].first
            if one.side not in encoder.family.thinks:
                raise ModelError(
                    f"{encoder.name} ({encoder.family.title}) writes no rationale on the {one.side} "
                    "side; leave the worker out, or --documents"
                )
            try:
                message = _with_instruction(encoder, self.examples.open(one))
                found[group] = encoder.renderer.render(message)
            except ContentError as error:
                for task in its:
                    self.put(WorkerFailure(self.index, task, str(error), is_lasting=True))
        return found


def _with_instruction(encoder: ReasoningEncoder, message: Message) -> Message:
    """The message with the model's default instruction where it has none."""
    if message.instruction:
        return message
    default = encoder.instructions[message.side][kind_of(message.content)]
    return Message(message.content, default, message.side)


def _decode_all(_: Prefill, group: Sequence[int]) -> tuple[list[int], list[float]]:
    return list(range(len(group))), [float("nan")] * len(group)


def local_events(
    parts: Sequence[LocalTasks], stop: Event
) -> Iterator[tuple[int, Exception | None]]:
    """Run one after the other; yields each worker's number with why it ended early."""
    for part in parts:
        error: Exception | None = None
        try:
            part.run(stop)
        except Exception as caught:  # noqa: BLE001 - raised or reported by the thread that waits
            error = caught
        yield part.index, error
