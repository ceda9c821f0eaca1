"""Decode and embed the items of `forethought embed` in batches, to bound the memory of pixels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from forethought.cli.embed_inputs import invalid_inputs
from forethought.cli.embed_output import EncodedBatch
from forethought.cli.json_line import InputItem
from forethought.errors import ContentError
from forethought.types import Content, Embeddings, Image, Message, Mode, Progress, Side, Think

BATCH = 64
BATCH_PIXELS = 48_000_000
"""Decoded pixels that close a batch early; they take 144 MB."""

OpenedItem = list[Content] | Message
Encode = Callable[[Sequence[OpenedItem]], Embeddings]
OnError = Callable[[str], None]
"""Called with the message of an item that cannot be embedded; may raise."""


def encode_items(
    items: Sequence[InputItem],
    encode: Encode,
    *,
    side: Side,
    on_error: OnError,
    progress: Progress,
    batch_size: int = BATCH,
) -> Iterator[EncodedBatch]:
    """Embed items in order; items that cannot be embedded are passed to `on_error`."""
    batch: list[tuple[InputItem, OpenedItem]] = []
    pixels = 0
    for done, item in enumerate(items, 1):
        try:
            opened = item.open(side)
        except ContentError as error:
            on_error(_message(item, error))
            continue
        contents = opened.content if isinstance(opened, Message) else opened
        pixels += sum(media.pixels.size // 3 for media in contents if isinstance(media, Image))
        batch.append((item, opened))
        if len(batch) == batch_size or pixels >= BATCH_PIXELS:
            yield from _encode_batch(batch, encode, on_error)
            progress(done, len(items))
            batch, pixels = [], 0
    if batch:
        yield from _encode_batch(batch, encode, on_error)


def _encode_batch(
    batch: Sequence[tuple[InputItem, OpenedItem]], encode: Encode, on_error: OnError
) -> Iterator[EncodedBatch]:
    try:
        embeddings = encode([opened for _, opened in batch])
    except ContentError as error:
        if len(batch) == 1:
            on_error(_message(batch[0][0], error))
            return
        # One by one, to find the items that cannot be embedded.
        for pair in batch:
            yield from _encode_batch([pair], encode, on_error)
        return
    yield EncodedBatch(tuple(item.id for item, _ in batch), embeddings)


def _message(item: InputItem, error: ContentError) -> str:
    reason = str(error).removeprefix("input 0: ")
    return reason if reason.startswith(item.label) else f"{item.label}: {reason}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """The messages of inputs that are skipped; the first one is an error without `skip_bad`."""

    messages: list[str]
    skip_bad: bool

    def __call__(self, message: str) -> None:
        if not self.skip_bad:
            raise invalid_inputs([message])
        self.messages.append(message)


@dataclass(slots=True)
class CountingEncode:
    """`encode` with the settings of the command; counts the inputs that were thought about."""

    encode: Callable[..., Embeddings]
    side: Side
    think: Think
    instruction: str | None
    batch_size: int
    num_thought: int = 0

    def __call__(self, contents: Sequence[OpenedItem]) -> Embeddings:
        found = self.encode(
            contents,
            side=self.side,
            think=self.think,
            instruction=self.instruction,
            batch_size=self.batch_size,
        )
        self.num_thought += found.mode.count(Mode.THOUGHT)
        return found
