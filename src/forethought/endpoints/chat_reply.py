"""What a chat endpoint answers, read strictly."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that an endpoint counted; 0 where it does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ChatReply:
    """An answer.

    `reasoning` is what the server separates from `text` for models that think. `finish` is the
    server's word for how it ended, such as "stop", "length" or "content_filter". `logprobs` maps
    the likeliest first tokens to their natural log-probability, where they were requested.
    """

    text: str
    reasoning: str = ""
    finish: str = ""
    usage: Usage = field(default_factory=Usage)
    logprobs: Mapping[str, float] = field(default_factory=dict)


class MalformedReplyError(Exception):
    """A body that is no answer, such as cut-off JSON; another attempt may bring one."""


class NoLogprobsError(Exception):
    """An answer without the log-probabilities that were requested."""


def parse_reply(body: bytes, *, has_logprobs: bool) -> ChatReply:
    """Read the body of a response.

    Raises:
        MalformedReplyError: if it is not JSON, not an object, or holds no answer.
        NoLogprobsError: if `has_logprobs` and it has none.
    """
    choice, table = _first_choice(body)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise MalformedReplyError("its first choice has no message")
    text, reasoning = message.get("content"), _reasoning(message)
    if not isinstance(text, str | None):
        raise MalformedReplyError(f"its content is {type(text).__name__}, not text")
    return ChatReply(
        text=text or "",
        reasoning=reasoning,
        finish=str(choice.get("finish_reason") or ""),
        usage=_usage(table.get("usage")),
        logprobs=_logprobs(choice.get("logprobs")) if has_logprobs else {},
    )


def _first_choice(body: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        table = json.loads(body)
    except (RecursionError, ValueError):
        end = body[-24:].decode("utf-8", "replace")
        raise MalformedReplyError(f"it is not whole JSON ({len(body)} bytes to {end!r})") from None
    if not isinstance(table, dict):
        raise MalformedReplyError("it is no JSON object")
    choices = table.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        # Some servers report an error with the status 200.
        error = table.get("error")
        raise MalformedReplyError(f"it has no choices{f' ({error})' if error else ''}")
    return choices[0], table


def _reasoning(message: Mapping[str, Any]) -> str:
    """VLLM and DeepSeek write `reasoning_content`, OpenRouter and newer vLLM `reasoning`."""
    for name in ("reasoning_content", "reasoning"):
        value = message.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _usage(table: object) -> Usage:
    if not isinstance(table, dict):
        return Usage()
    return Usage(_count(table.get("prompt_tokens")), _count(table.get("completion_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _logprobs(table: object) -> Mapping[str, float]:
    positions = table.get("content") if isinstance(table, dict) else None
    first = positions[0] if isinstance(positions, list) and positions else None
    if not isinstance(first, dict):
        raise NoLogprobsError
    found: dict[str, float] = {}
    listed = first.get("top_logprobs")
    for entry in listed if isinstance(listed, list) and listed else [first]:
        token, value = entry.get("token"), entry.get("logprob")
        if not isinstance(token, str) or not isinstance(value, int | float) or math.isnan(value):
            raise NoLogprobsError
        # Two tokens may be spelled alike; their probabilities add up.
        log = float(value)
        found[token] = _log_add(found[token], log) if token in found else log
    return found


def _log_add(first: float, second: float) -> float:
    most = max(first, second)
    if most == -math.inf:
        return most
    return most + math.log(math.exp(first - most) + math.exp(second - most))
