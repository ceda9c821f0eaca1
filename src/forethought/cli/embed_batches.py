"""Items to vectors, some at a time: a few pictures are decoded at once, never all."""

from collections.abc import Callable, Iterator, Sequence

from forethought.cli.embed_inputs import Item
from forethought.cli.embed_output import Part
from forethought.errors import ContentError
from forethought.types import Content, Embeddings, Image

BATCH = 64
BATCH_PIXELS = 48_000_000
"""Decoded pixels after which a batch is full before its time: they take 144 MB."""

Contents = list[Content]
Encode = Callable[[Sequence[Contents]], Embeddings]
Refuse = Callable[[str], None]
"""Told what is wrong with an item; it may raise."""


def encode_items(
    items: Sequence[Item],
    encode: Encode,
    *,
    refuse: Refuse,
    progress: Callable[[int, int], None],
) -> Iterator[Part]:
    """Embed items in order; those that cannot be embedded go to `refuse` instead."""
    batch: list[tuple[str, str, Contents]] = []
    pixels = 0
    for done, item in enumerate(items, 1):
        try:
            contents = item.content()
        except ContentError as error:
            refuse(_about(item.where, error))
            continue
        pixels += sum(shown.pixels.size // 3 for shown in contents if isinstance(shown, Image))
        batch.append((item.id, item.where, contents))
        if len(batch) == BATCH or pixels >= BATCH_PIXELS:
            yield from _encode(batch, encode, refuse)
            progress(done, len(items))
            batch, pixels = [], 0
    if batch:
        yield from _encode(batch, encode, refuse)


def _encode(
    batch: Sequence[tuple[str, str, Contents]], encode: Encode, refuse: Refuse
) -> Iterator[Part]:
    try:
        found = encode([contents for _, _, contents in batch])
    except ContentError as error:
        if len(batch) == 1:
            refuse(_about(batch[0][1], error))
            return
        # One of them cannot be embedded: alone, each is named or gets its vector.
        for one in batch:
            yield from _encode([one], encode, refuse)
        return
    yield Part(tuple(name for name, _, _ in batch), found)


def _about(where: str, error: ContentError) -> str:
    said = str(error).removeprefix("input 0: ")
    return said if said.startswith(where) else f"{where}: {said}"
