"""What `encode` accepts as one input, and its conversion to a message."""

from collections.abc import Sequence
from pathlib import Path

import PIL.Image

from forethought.errors import ContentError
from forethought.types import Content, Image, Message, Side, Text, Video, open_file

EncodeInput = str | Path | Content | PIL.Image.Image | Message | Sequence[Content | str]
"""One input: a text, a file, an image or video, a list of contents, or a whole message."""


def as_message(item: EncodeInput, *, side: Side, instruction: str) -> Message:
    """Wrap one input; a `Message` is returned as it is, with its own instruction.

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
    if isinstance(item, str):
        content: tuple[Content, ...] = (Text(item),)
    elif isinstance(item, Path):
        content = open_file(item)
    elif isinstance(item, PIL.Image.Image):
        content = (Image(item),)
    elif isinstance(item, Text | Image | Video):
        content = (item,)
    else:
        content = contents_of(item)
    return Message(content, instruction, side)


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


def as_messages(inputs: Sequence[EncodeInput], *, side: Side, instruction: str) -> list[Message]:
    """Wrap every input.

    Raises:
        ContentError: if one cannot be read; the message holds its index.
        TypeError: if `inputs` is one string.
    """
    check_is_list(inputs)
    messages = []
    for index, item in enumerate(inputs):
        try:
            messages.append(as_message(item, side=side, instruction=instruction))
        except ContentError as error:
            raise ContentError(f"input {index}: {error}") from None
    return messages


def check_is_list(inputs: Sequence[EncodeInput]) -> None:
    """Refuse one string in place of a list, which would be embedded letter by letter.

    Raises:
        TypeError: if `inputs` is a string.
    """
    if isinstance(inputs, str):
        raise TypeError(f"inputs is one string, {inputs!r}; pass a list: [{inputs!r}]")
