"""What a rationale is found under: a hash over everything it was written from."""

import hashlib
import json
from collections.abc import Iterator, Mapping

import numpy as np

from forethought.types import Image, Message, Prompt, Text

_SCHEME = "1"
_SHOWN = 120


def key_of(
    message: Message,
    prompt: Prompt,
    *,
    reasoner: str,
    revision: str,
    settings: Mapping[str, object],
) -> str:
    """Sixty-four hex digits that change with the message, the prompt, the model or the decoding.

    Pictures count with all their pixels, in their order; videos as the patches of the frames
    that were chosen. The prompt's tokens stand for the wording and the limits on pixels.
    """
    digest = hashlib.sha256()
    for name, value in _ingredients(message, prompt):
        _add(digest, name, value)
    said = json.dumps(dict(settings), sort_keys=True)
    for name, words in (("reasoner", reasoner), ("revision", revision), ("settings", said)):
        _add(digest, name, words.encode())
    return digest.hexdigest()


def sources_of(message: Message) -> tuple[str, ...]:
    """What a person would call the pieces of a message: names of pictures, first words of texts."""
    said = [piece.words if isinstance(piece, Text) else piece.source for piece in message.content]
    # A file's name may hold bytes that are no Unicode; what is kept is to be read by people.
    legible = [words.encode(errors="replace").decode() for words in said]
    return tuple(" ".join(words.split())[:_SHOWN] for words in legible)


def _ingredients(message: Message, prompt: Prompt) -> Iterator[tuple[str, bytes]]:
    yield "scheme", _SCHEME.encode()
    yield "side", message.side.value.encode()
    yield "instruction", message.instruction.encode()
    for piece in message.content:
        if isinstance(piece, Text):
            yield "text", piece.words.encode()
        elif isinstance(piece, Image):
            yield "image", repr(piece.pixels.shape).encode()
            yield "pixels", np.ascontiguousarray(piece.pixels).tobytes()
        else:
            yield "video", b""
    for patches in prompt.pictures:
        if patches.is_video:
            clock = (patches.grid, patches.seconds, patches.time_step)
            yield "clock", repr(clock).encode()
            yield "frames", np.ascontiguousarray(patches.values).tobytes()
    yield "tokens", json.dumps(prompt.prefix_ids).encode()


def _add(digest: "hashlib._Hash", name: str, value: bytes) -> None:
    # The length before the bytes: no two rows of ingredients spell the same stream.
    digest.update(f"{name} {len(value)}\n".encode())
    digest.update(value)
