"""Requests to several endpoints at once, in a thread of their own."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from forethought.endpoints.chat_endpoint import ChatEndpoint
from forethought.endpoints.chat_request import ChatRequest
from forethought.endpoints.chat_result import ChatResult
from forethought.endpoints.run_job import run_job


@dataclass(frozen=True, slots=True)
class ChatJob:
    """Requests to one endpoint; they are taken one by one, as others are answered."""

    endpoint: ChatEndpoint
    requests: Iterable[ChatRequest]


OnResult = Callable[[int, ChatResult], None]
"""Called in the run's thread with the index of a job and a result of it."""
OnEnd = Callable[[int, Exception | None], None]
"""Called in the run's thread once a job: with its index, and why it ended early."""


@dataclass(slots=True)
class ChatRun:
    """Jobs that run beside one another until all requests are answered, or it is cancelled.

    A job ends early when its endpoint refuses every request, cannot be reached, or fails too
    often in succession; the others go on.

    Raises:
        ConfigError: if the key of an endpoint is not set.
    """

    jobs: Sequence[ChatJob]
    on_result: OnResult
    on_end: OnEnd
    _loop: asyncio.AbstractEventLoop = field(init=False, repr=False)
    _task: "asyncio.Task[None]" = field(init=False, repr=False)
    _thread: threading.Thread = field(init=False, repr=False)

    def __post_init__(self) -> None:
        keys = [job.endpoint.read_key() for job in self.jobs]
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(self._run_all(keys))
        self._thread = threading.Thread(target=self._run, name="chat-run", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Drop the requests in flight, and wait until the thread has ended."""
        # Of one that has ended, the loop is closed.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        try:
            with suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _run_all(self, keys: Sequence[str]) -> None:
        async with asyncio.TaskGroup() as group:
            for index, (job, key) in enumerate(zip(self.jobs, keys, strict=True)):
                group.create_task(self._run_one(index, job, key))

    async def _run_one(self, index: int, job: ChatJob, key: str) -> None:
        error: Exception | None = None
        try:
            await run_job(
                job.endpoint, job.requests, key=key, on_result=lambda r: self.on_result(index, r)
            )
        except Exception as caught:  # noqa: BLE001 - raised again in the thread that waits
            error = caught
        self.on_end(index, error)
