"""One attempt at a request: an answer, a reason to try again, or a refusal."""

import asyncio
import email.utils
import json
from datetime import UTC, datetime
from http import HTTPStatus

import httpx2

from forethought.endpoints.chat_endpoint import ChatEndpoint
from forethought.endpoints.chat_reply import (
    ChatReply,
    MalformedReplyError,
    NoLogprobsError,
    parse_reply,
)
from forethought.endpoints.chat_result import FailureKind

_RETRIED = {408, 409, 425, 429}
_CLOSED = {401, 402, 403, 404, 405}
_MAX_BODY = 16 * 2**20
_MAX_QUOTED = 200
_REMEDIES = {
    400: "check the prompt, the pictures and max_tokens against what the model takes",
    401: "check the key in the variable that key_env names",
    402: "check the account's credit",
    403: "check that this key may use this model",
    404: "check url and model",
    405: "check url",
    413: "lower max_pixels or frames",
    422: "check the request's settings",
}


class RetryError(Exception):
    """An attempt that another one may mend; `wait` is how long the server asks to wait."""

    def __init__(
        self, reason: str, *, wait: float | None = None, is_unreachable: bool = False
    ) -> None:
        super().__init__(reason)
        self.wait = wait
        self.is_unreachable = is_unreachable


class RefusalError(Exception):
    """An answer that no other attempt changes."""

    def __init__(self, reason: str, kind: FailureKind) -> None:
        super().__init__(reason)
        self.kind = kind


async def attempt(
    client: httpx2.AsyncClient, endpoint: ChatEndpoint, body: bytes, *, has_logprobs: bool
) -> ChatReply:
    """Send a request once.

    Raises:
        RetryError: if it timed out, the connection broke, the server is busy or failed, or its
            answer is cut off.
        RefusalError: if the server refuses it.
    """
    try:
        async with asyncio.timeout(endpoint.timeout_s):
            response, content = await _post(client, endpoint.chat_url, body)
    except TimeoutError:
        raise RetryError(f"no whole answer within {endpoint.timeout_s:g} s") from None
    except (httpx2.ConnectError, httpx2.ProxyError) as error:
        raise RetryError(
            f"cannot be connected to ({_described(error)})", is_unreachable=True
        ) from None
    except httpx2.RequestError as error:
        raise RetryError(f"the connection broke ({_described(error)})") from None
    if response.status_code != HTTPStatus.OK:
        raise _status_error(response, content)
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if kind and not kind.endswith("json"):
        raise RetryError(f"answers {kind}, not JSON; is it the base of a chat API?")
    try:
        return parse_reply(content, has_logprobs=has_logprobs)
    except MalformedReplyError as error:
        raise RetryError(f"gives no usable answer: {error}") from None
    except NoLogprobsError:
        raise RefusalError(
            "answers without log-probabilities; name a server that supports logprobs, such as vLLM",
            FailureKind.CLOSED,
        ) from None


async def _post(client: httpx2.AsyncClient, url: str, body: bytes) -> tuple[httpx2.Response, bytes]:
    async with client.stream("POST", url, content=body) as response:
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > _MAX_BODY:
                raise RetryError(f"answers over {_MAX_BODY >> 20} MiB")
            chunks.append(chunk)
        return response, b"".join(chunks)


def _status_error(response: httpx2.Response, content: bytes) -> RetryError | RefusalError:
    status = response.status_code
    if 300 <= status < 400:
        target = response.headers.get("location", "nowhere")
        return RefusalError(
            f"redirects to {target}, which is not followed; if you trust it, make it the url",
            FailureKind.CLOSED,
        )
    quoted, code = _error_of(content)
    reason = f"{status} {response.reason_phrase}".strip() + (f" ({quoted})" if quoted else "")
    if code == "insufficient_quota":
        return RefusalError(f"{reason}; check the account's credit", FailureKind.CLOSED)
    if status in _RETRIED or status >= 500:
        return RetryError(reason, wait=retry_after(response.headers.get("retry-after", "")))
    remedy = _REMEDIES.get(status, "check the request's settings")
    kind = FailureKind.CLOSED if status in _CLOSED else FailureKind.REFUSED
    return RefusalError(f"{reason}; {remedy}", kind)


def _error_of(content: bytes) -> tuple[str, str]:
    """The server's message, shortened to one line, and its code."""
    try:
        table = json.loads(content)
    except (RecursionError, ValueError):
        return "", ""
    error = table.get("error", table) if isinstance(table, dict) else {}
    if isinstance(error, str):
        return _short(error), ""
    if not isinstance(error, dict):
        return "", ""
    quoted = next((error[n] for n in ("message", "detail") if isinstance(error.get(n), str)), "")
    return _short(quoted), str(error.get("code") or "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_QUOTED else f"{line[:_MAX_QUOTED]}..."


def retry_after(value: str) -> float | None:
    """Seconds of a Retry-After header, which has seconds or a date; None if it has neither."""
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        at = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)


def _described(error: Exception) -> str:
    return _short(str(error)) or type(error).__name__
