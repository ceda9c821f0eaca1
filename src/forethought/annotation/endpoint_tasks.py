"""The tasks of workers behind endpoints, as jobs of chats."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from forethought.annotation.events import WorkerEnd, WorkerEvent, WorkerFailure, WorkerReply
from forethought.annotation.prompts import chat_content
from forethought.annotation.rejection import Rejection
from forethought.annotation.tasks import Task, WorkerTasks
from forethought.data import ExampleInputs
from forethought.endpoints import (
    ChatEndpoint,
    ChatJob,
    ChatRequest,
    ChatResult,
    ChatRun,
    FailureKind,
)
from forethought.errors import ContentError

_REJECTIONS = {"length": Rejection.CUT_OFF, "content_filter": Rejection.FILTERED}
"""What a server's word for the ending makes of a reply."""


@dataclass(frozen=True, slots=True)
class EndpointTasks:
    """The tasks of one worker; requests are made of its own side of a pair when they are sent.

    `index` is the worker's number in events.
    """

    index: int
    tasks: WorkerTasks
    examples: ExampleInputs
    put: Callable[[WorkerEvent], None]
    _sent: list[Task] = field(default_factory=list, init=False)

    def job(self, endpoint: ChatEndpoint) -> ChatJob:
        """Its requests, one by one."""
        return ChatJob(endpoint, self._requests())

    def receive(self, result: ChatResult) -> None:
        """Report a result as an event."""
        task = self._sent[result.index]
        if result.failure is not None:
            is_lasting = result.failure.kind is FailureKind.REFUSED
            self.put(WorkerFailure(self.index, task, result.failure.message, is_lasting))
        elif result.reply is not None:
            reply = result.reply
            self.put(
                WorkerReply(
                    self.index,
                    task,
                    reply.text,
                    rejected=str(_REJECTIONS.get(reply.finish, "")),
                    prompt_tokens=reply.usage.prompt_tokens,
                    completion_tokens=reply.usage.completion_tokens,
                )
            )

    def _requests(self) -> Iterator[ChatRequest]:
        worker = self.tasks.worker
        for task in self.tasks.tasks:
            one = self.tasks.groups[task.group].first
            try:
                message = self.examples.open(one)
            except ContentError as error:
                self.put(WorkerFailure(self.index, task, str(error), is_lasting=True))
                continue
            self._sent.append(task)
            yield worker.request(chat_content(message, worker.resolved_prompt), sample=task.sample)


def start_endpoints(parts: list[EndpointTasks]) -> ChatRun:
    """Run them beside one another in a thread.

    Raises:
        ConfigError: if the key of an endpoint is not set.
    """
    jobs = [part.job(part.tasks.worker.endpoint) for part in parts if part.tasks.worker.endpoint]
    return ChatRun(
        jobs,
        on_result=lambda index, result: parts[index].receive(result),
        on_end=lambda index, error: parts[index].put(WorkerEnd(parts[index].index, error)),
    )
