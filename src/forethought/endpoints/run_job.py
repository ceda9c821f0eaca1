"""The requests of one endpoint: concurrent, paced, repeated where that may help."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import httpx2

from forethought.endpoints.attempt import RefusalError, RetryError, attempt
from forethought.endpoints.chat_body import chat_body
from forethought.endpoints.chat_endpoint import ChatEndpoint
from forethought.endpoints.chat_request import ChatRequest
from forethought.endpoints.chat_result import ChatFailure, ChatResult, FailureKind
from forethought.endpoints.pacing import Pacer, backoff
from forethought.errors import ContentError, EndpointError

_Next = tuple[int, ChatRequest] | None


async def run_job(
    endpoint: ChatEndpoint,
    requests: Iterable[ChatRequest],
    *,
    key: str,
    on_result: Callable[[ChatResult], None],
) -> None:
    """Send every request; `on_result` gets each result as it comes.

    Raises:
        EndpointError: if the endpoint refuses every request, cannot be reached, or failed too
            often in succession; its last result says so too.
    """
    headers = {"content-type": "application/json", "accept": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    async with httpx2.AsyncClient(
        headers=headers,
        timeout=None,  # `attempt` has one for the whole of it
        limits=httpx2.Limits(max_connections=endpoint.concurrency),
        follow_redirects=False,
        # Reading the certificates takes a tenth of a second; http on this machine needs none.
        verify=not endpoint.is_local or endpoint.chat_url.startswith("https:"),
        trust_env=not endpoint.is_local,
    ) as client:
        job = _Job(
            endpoint, client, key, iter(requests), on_result, Pacer(endpoint.requests_per_minute)
        )
        async with asyncio.TaskGroup() as group:
            for _ in range(endpoint.concurrency):
                group.create_task(job.work())
    if job.iteration_error is not None:
        raise job.iteration_error
    if job.closed:
        raise EndpointError(job.closed)


@dataclass(slots=True)
class _Job:
    endpoint: ChatEndpoint
    client: httpx2.AsyncClient
    key: str
    requests: Iterator[ChatRequest]
    on_result: Callable[[ChatResult], None]
    pacer: Pacer
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    taken: int = 0
    failures: int = 0
    closed: str = ""
    iteration_error: Exception | None = None

    async def work(self) -> None:
        """Take and send requests until there are none, or the endpoint is closed."""
        while (taken := await self._take()) is not None:
            index, request = taken
            try:
                body = await asyncio.to_thread(self._render, request)
            except ContentError as error:
                failure = ChatFailure(FailureKind.REFUSED, str(error))
                self.on_result(ChatResult(index, None, failure, 0))
                continue
            self._finish(await self._complete(index, body, has_logprobs=request.top_logprobs > 0))

    async def _take(self) -> _Next:
        async with self.lock:
            if self.closed or self.iteration_error is not None:
                return None
            try:
                # In a thread: media are decoded while a request is made.
                request = await asyncio.to_thread(next, self.requests, None)
            except Exception as error:  # noqa: BLE001 - raised again when the job ends
                self.iteration_error = error
                return None
            if request is None:
                return None
            self.taken += 1
            return self.taken - 1, request

    def _render(self, request: ChatRequest) -> bytes:
        return json.dumps(chat_body(request, self.endpoint)).encode()

    async def _complete(self, index: int, body: bytes, *, has_logprobs: bool) -> ChatResult:
        endpoint, number = self.endpoint, 0
        while True:
            number += 1
            await self.pacer.wait()
            try:
                reply = await attempt(self.client, endpoint, body, has_logprobs=has_logprobs)
                return ChatResult(index, reply, None, number)
            except RefusalError as error:
                return self._failed(index, error.kind, f"{error}", number=number)
            except RetryError as error:
                if number > endpoint.retries:
                    kind = FailureKind.CLOSED if error.is_unreachable else FailureKind.FAILED
                    return self._failed(index, kind, f"{error}{_attempts(number)}", number=number)
                if error.wait is not None and error.wait > endpoint.max_wait_s:
                    reason = (
                        f"{error}: asks to wait {error.wait:.0f} s, over max_wait_s "
                        f"{endpoint.max_wait_s:g}; run again later, or lower requests_per_minute"
                    )
                    return self._failed(index, FailureKind.CLOSED, reason, number=number)
                await self._pause(error, number)

    async def _pause(self, error: RetryError, number: int) -> None:
        wait = backoff(number, base=self.endpoint.backoff_s, most=self.endpoint.max_wait_s)
        if error.wait is not None:
            self.pacer.hold(error.wait)
        await asyncio.sleep(max(wait, error.wait or 0.0))

    def _failed(self, index: int, kind: FailureKind, reason: str, *, number: int) -> ChatResult:
        message = f"{self.endpoint}: {reason}"
        if self.key:
            message = message.replace(self.key, "***")
        return ChatResult(index, None, ChatFailure(kind, message), number)

    def _finish(self, result: ChatResult) -> None:
        failure = result.failure
        if failure is None or failure.kind is FailureKind.REFUSED:
            self.failures = 0
        elif failure.kind is FailureKind.CLOSED:
            self.closed = self.closed or failure.message
        else:
            self.failures += 1
            if self.failures >= self.endpoint.max_failures:
                self.closed = self.closed or (
                    f"{failure.message}; {self.failures} requests failed in succession, the most "
                    "that max_failures allows"
                )
        self.on_result(result)


def _attempts(number: int) -> str:
    return f", in {number} attempts" if number > 1 else ""
