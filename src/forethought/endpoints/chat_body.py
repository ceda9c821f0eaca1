"""A chat request as the JSON of OpenAI's protocol."""

from typing import Any

from forethought.endpoints.chat_endpoint import ChatEndpoint
from forethought.endpoints.chat_request import ChatRequest
from forethought.endpoints.picture_url import picture_url
from forethought.types import Content, FramePolicy, Image, Text


def chat_body(request: ChatRequest, endpoint: ChatEndpoint) -> dict[str, Any]:
    """The body of a request; the endpoint's `extra` comes last and takes precedence.

    Raises:
        ContentError: if no frame of a video decodes.
    """
    user: str | list[dict[str, Any]] = [
        part for content in request.content for part in _parts(content, endpoint)
    ]
    # Servers of text alone take no list.
    if all(isinstance(content, Text) for content in request.content):
        user = "\n".join(c.words for c in request.content if isinstance(c, Text))
    messages = [{"role": "user", "content": user}]
    if request.system:
        messages.insert(0, {"role": "system", "content": request.system})
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": messages,
        endpoint.max_tokens_name: request.max_tokens,
        "temperature": request.temperature,
    }
    if request.top_p < 1:
        body["top_p"] = request.top_p
    if request.seed is not None:
        body["seed"] = request.seed
    if request.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": request.top_logprobs}
    return {**body, **endpoint.extra}


def _parts(content: Content, endpoint: ChatEndpoint) -> list[dict[str, Any]]:
    if isinstance(content, Text):
        return [{"type": "text", "text": content.words}]
    if isinstance(content, Image):
        frames, limit = [content.pixels], endpoint.max_pixels
    else:
        frames = list(content.clip(FramePolicy(count=endpoint.frames)).frames)
        limit = endpoint.frame_max_pixels
    return [
        {"type": "image_url", "image_url": {"url": picture_url(frame, max_pixels=limit)}}
        for frame in frames
    ]
