"""What `encode` accepts as inputs, and the conversion of one to a message."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

import numpy as np
import PIL.Image
from torch import Tensor

from forethought.errors import ContentError
from forethought.types import (
    VIDEO_SUFFIXES,
    Content,
    ContentKind,
    Image,
    Message,
    Side,
    Text,
    Video,
    kind_of,
    open_file,
)

EncodeInput = str | Path | Content | PIL.Image.Image | Message | Sequence[Content | str]
"""One input: a text, a file, an image or video, a list of contents, or a whole message."""
EncodeInputs = Iterable[EncodeInput] | Path | Content | PIL.Image.Image | Message
"""Inputs in order, or one that is no string and no list."""

_log = logging.getLogger(__name__)
_MAX_FILE_NAME = 255


def as_inputs(inputs: object) -> list[EncodeInput]:
    """The inputs in order, by position: a data frame's column is not read by its labels.

    Raises:
        TypeError: if they are one string, have no order, or are no inputs at all.
    """
    if isinstance(inputs, str):
        raise TypeError(f"inputs is one string, {inputs!r}; pass a list: [{inputs!r}]")
    if isinstance(inputs, Path | Text | Image | Video | PIL.Image.Image | Message):
        return [inputs]
    kind = type(inputs).__name__
    if isinstance(inputs, AbstractSet):
        raise TypeError(f"inputs is a {kind}, which has no order; pass a list: sorted(...)")
    if isinstance(inputs, Mapping):
        raise TypeError(f"inputs is a {kind}; pass a list of what to embed: list(x.values())")
    is_numbers = isinstance(inputs, np.ndarray) and inputs.dtype.kind not in "OU"
    if isinstance(inputs, Tensor | bytes | bytearray) or is_numbers:
        raise TypeError(f"inputs is a {kind}; a picture is ft.Image(...), and inputs are a list")
    if not isinstance(inputs, Iterable):
        raise TypeError(f"inputs is a {kind}; pass a list of texts, paths, pictures or messages")
    return list(inputs)


def as_message(
    item: EncodeInput, *, side: Side, instruction: str | Mapping[ContentKind, str]
) -> Message:
    """Wrap one input; a `Message` is returned as it is, with its own instruction.

    Args:
        instruction: one for every input, or one for each kind of content.

    Raises:
        ContentError: if the input cannot be read, or is a message of the other side.
    """
    if isinstance(item, Message):
        if item.side is not side:
            raise ContentError(
                f"the message has side={item.side.value!r}, encode was called with "
                f"side={side.value!r}: make the two agree"
            )
        return item
    content = _content_of(item)
    text = instruction if isinstance(instruction, str) else instruction[kind_of(content)]
    return Message(content, text, side)


def _content_of(item: EncodeInput) -> tuple[Content, ...]:
    if isinstance(item, str):
        _warn_of_file(item)
        return (Text(item),)
    if isinstance(item, Path):
        return open_file(item)
    if isinstance(item, PIL.Image.Image):
        return (Image(item),)
    if isinstance(item, Text | Image | Video):
        return (item,)
    return contents_of(item)


def _warn_of_file(words: str) -> None:
    """Say that the name of an existing picture, video or PDF is read as words."""
    suffix = Path(words).suffix.lower() if len(words) <= _MAX_FILE_NAME else ""
    if suffix and suffix in _file_suffixes() and Path(words).is_file():
        _say_read_as_words(words)


@cache
def _file_suffixes() -> frozenset[str]:
    return frozenset({*PIL.Image.registered_extensions(), *VIDEO_SUFFIXES, ".pdf"})


@cache
def _say_read_as_words(words: str) -> None:
    _log.warning(
        "%r is read as words, though there is a file of that name; to open it, pass Path(%r)",
        words,
        words,
    )


def contents_of(item: object) -> tuple[Content, ...]:
    """The contents of a list, in order; a plain string in it becomes a `Text`.

    Raises:
        ContentError: if it is no list, or holds something else.
    """
    if isinstance(item, Sequence) and not isinstance(item, bytes | bytearray):
        parts = tuple(Text(part) if isinstance(part, str) else part for part in item)
        if all(isinstance(part, Text | Image | Video) for part in parts):
            return parts
        item = next(part for part in parts if not isinstance(part, Text | Image | Video))
    raise ContentError(
        f"cannot embed an object of type {type(item).__name__}: "
        "wrap it as Text(...), Image(...) or Video(...)"
    )


def as_messages(
    inputs: EncodeInputs, *, side: Side, instruction: str | Mapping[ContentKind, str]
) -> list[Message]:
    """Wrap every input.

    Raises:
        ContentError: if one cannot be read; the message holds its index.
        TypeError: for a reason of `as_inputs`.
    """
    messages = []
    for index, item in enumerate(as_inputs(inputs)):
        try:
            messages.append(as_message(item, side=side, instruction=instruction))
        except ContentError as error:
            raise ContentError(f"input {index}: {error}") from None
    return messages
