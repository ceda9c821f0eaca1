"""Chats as plain calls: results as they come, with many requests in flight."""

from collections.abc import Generator, Iterable
from queue import SimpleQueue

from forethought.endpoints.chat_endpoint import ChatEndpoint
from forethought.endpoints.chat_reply import ChatReply
from forethought.endpoints.chat_request import ChatRequest
from forethought.endpoints.chat_result import ChatResult
from forethought.endpoints.chat_run import ChatJob, ChatRun
from forethought.errors import EndpointError


def complete(
    endpoint: ChatEndpoint, requests: Iterable[ChatRequest]
) -> Generator[ChatResult, None, None]:
    """Send requests concurrently; yields their results as they come, in any order.

    Requests are taken from the iterable, in a thread, as others are answered. A request that
    fails has a result too. Closing the iterator drops what is in flight.

    Raises:
        ConfigError: if the endpoint's key is not set.
        EndpointError: after the last result, if the endpoint refuses every request, cannot be
            reached, or failed too often in succession.
    """
    queue: SimpleQueue[tuple[ChatResult | None, Exception | None]] = SimpleQueue()
    run = ChatRun(
        [ChatJob(endpoint, requests)],
        on_result=lambda _, result: queue.put((result, None)),
        on_end=lambda _, error: queue.put((None, error)),
    )
    try:
        while True:
            result, error = queue.get()
            if result is not None:
                yield result
            elif error is not None:
                raise error
            else:
                return
    finally:
        run.cancel()


def complete_one(endpoint: ChatEndpoint, request: ChatRequest) -> ChatReply:
    """Send one request.

    Raises:
        ConfigError: if the endpoint's key is not set.
        EndpointError: if it is refused, or failed in every attempt.
    """
    for result in complete(endpoint, [request]):
        if result.reply is not None:
            return result.reply
        if result.failure is not None:
            raise EndpointError(result.failure.message)
    raise EndpointError(f"{endpoint}: no answer; try again")
