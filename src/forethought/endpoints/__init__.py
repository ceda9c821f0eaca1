"""Models behind a URL: chats with servers that speak OpenAI's protocol."""

from forethought.endpoints.chat_endpoint import ChatEndpoint
from forethought.endpoints.chat_reply import ChatReply, Usage
from forethought.endpoints.chat_request import ChatRequest
from forethought.endpoints.chat_result import ChatFailure, ChatResult, FailureKind
from forethought.endpoints.chat_run import ChatJob, ChatRun
from forethought.endpoints.chats import complete, complete_one

__all__ = [
    "ChatEndpoint",
    "ChatFailure",
    "ChatJob",
    "ChatReply",
    "ChatRequest",
    "ChatResult",
    "ChatRun",
    "FailureKind",
    "Usage",
    "complete",
    "complete_one",
]
