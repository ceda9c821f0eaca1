"""What every encoder promises, and how what a caller shows becomes messages."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import PIL.Image

from forethought.errors import ContentError, ModelError
from forethought.types import (
    Content,
    Embeddings,
    Image,
    Message,
    Progress,
    Side,
    Text,
    Think,
    Video,
    open_file,
)

EncodeInput = str | Path | Content | PIL.Image.Image | Message | Sequence[Content | str]
"""One input: words, a file, a picture or video, several of them in order, or a whole message."""


@runtime_checkable
class Encoder(Protocol):
    """Places inputs in one vector space."""

    @property
    def name(self) -> str:
        """What it is called in reports."""
        ...

    @property
    def revision(self) -> str:
        """Twelve hex digits that change with its weights."""
        ...

    @property
    def dimension(self) -> int:
        """How long its vectors are."""
        ...

    def encode(
        self,
        inputs: Sequence[EncodeInput],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | None = None,
    ) -> Embeddings:
        """Embed inputs in order.

        Args:
            side: on which side of retrieval the inputs stand.
            think: whether to write a rationale first.
            instruction: what the vectors are for; the encoder's own words by default.
            batch_size: how many inputs are run together; it does not change the vectors.
            progress: called after each batch with the inputs done and the number of inputs.

        Raises:
            ContentError: if an input cannot be embedded; its index is named.
            ModelError: if the encoder cannot do what `think` asks.
        """
        ...


Choice = TypeVar("Choice", Side, Think)


def as_choice(kind: type[Choice], value: Choice | str) -> Choice:
    """Understand a side, or how to think.

    Raises:
        ModelError: if nobody knows it.
    """
    try:
        return kind(value)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ModelError(f"unknown {kind.__name__.lower()} {value!r}; known: {known}") from None


def as_message(shown: EncodeInput, *, side: Side, instruction: str) -> Message:
    """Wrap what a caller shows; a message stays as it is.

    Raises:
        ContentError: if it cannot be read.
    """
    if isinstance(shown, Message):
        if shown.side is not side:
            raise ContentError(
                f"message stands on the {shown.side} side, and is to be read on the {side} side: "
                f"say side={shown.side.value!r}, or make it anew"
            )
        return shown
    if isinstance(shown, str):
        content: tuple[Content, ...] = (Text(shown),)
    elif isinstance(shown, Path):
        content = open_file(shown)
    elif isinstance(shown, PIL.Image.Image):
        content = (Image(shown),)
    elif isinstance(shown, Text | Image | Video):
        content = (shown,)
    else:
        content = pieces_of(shown)
    return Message(content, instruction, side)


def pieces_of(shown: object) -> tuple[Content, ...]:
    """Several contents in order; words among them may be plain strings.

    Raises:
        ContentError: if it is no such thing.
    """
    if isinstance(shown, Sequence) and not isinstance(shown, bytes | bytearray):
        parts = tuple(Text(part) if isinstance(part, str) else part for part in shown)
        if all(isinstance(part, Text | Image | Video) for part in parts):
            return parts
        shown = next(part for part in parts if not isinstance(part, Text | Image | Video))
    raise ContentError(
        f"a {type(shown).__name__} is no input: wrap it as Text(...), Image(...) or Video(...)"
    )


def as_messages(inputs: Sequence[EncodeInput], *, side: Side, instruction: str) -> list[Message]:
    """Wrap every input.

    Raises:
        ContentError: if one cannot be embedded; its index is named.
        TypeError: if `inputs` is a bare string, which would be read letter by letter.
    """
    refuse_string(inputs)
    messages = []
    for index, shown in enumerate(inputs):
        try:
            messages.append(as_message(shown, side=side, instruction=instruction))
        except ContentError as error:
            raise ContentError(f"input {index}: {error}") from None
    return messages


def refuse_string(inputs: Sequence[EncodeInput]) -> None:
    """Refuse one string where a list of inputs is meant.

    Raises:
        TypeError: with the list that would do.
    """
    if isinstance(inputs, str):
        raise TypeError(f"inputs is one string, {inputs!r}; pass a list: [{inputs!r}]")
