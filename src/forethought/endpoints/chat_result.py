"""How a request ended: with an answer, or with the reason why there is none."""

from dataclasses import dataclass
from enum import StrEnum

from forethought.endpoints.chat_reply import ChatReply


class FailureKind(StrEnum):
    """What a failure says about other requests."""

    REFUSED = "refused"
    """The endpoint refuses this request; others may pass."""
    FAILED = "failed"
    """No usable answer after all attempts; the same request may pass later."""
    CLOSED = "closed"
    """The endpoint refuses or cannot be reached at all: its run ends."""


@dataclass(frozen=True, slots=True)
class ChatFailure:
    """Why there is no answer; `message` names the endpoint, the fault and what to do."""

    kind: FailureKind
    message: str


@dataclass(frozen=True, slots=True)
class ChatResult:
    """The outcome of the request with this index; either a reply or a failure."""

    index: int
    reply: ChatReply | None
    failure: ChatFailure | None
    attempts: int
