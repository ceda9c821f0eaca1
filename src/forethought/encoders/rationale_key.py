"""The key of a cached rationale: a hash over everything that determines it."""

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np

from forethought.types import CachedRationale, Ending, Image, Message, Prompt, Rationale, Text

_SCHEME = "3"
_SOURCE_LENGTH = 120


def pending_rationale(
    message: Message, prompt: Prompt, *, reasoner: str, revision: str, settings: Sequence[str]
) -> CachedRationale:
    """The cache entry of a rationale that is not decoded yet: key, model and sources."""
    key = rationale_key(message, prompt, reasoner=reasoner, revision=revision, settings=settings)
    return CachedRationale(
        key,
        Rationale("", "", Ending.MALFORMED),
        (),
        reasoner=f"{reasoner}@{revision}",
        sources=sources_of(message),
    )


def rationale_key(
    message: Message,
    prompt: Prompt,
    *,
    reasoner: str,
    revision: str,
    settings: Sequence[str],
) -> str:
    """Sixty-four hexadecimal digits that change with message, prompt, model or settings.

    Images count with all their pixels, in order; videos as the patches of the chosen frames.
    The prompt's token ids stand for its wording and the pixel limits.
    """
    digest = hashlib.sha256()
    for name, value in _ingredients(message, prompt):
        _add(digest, name, value)
    lines = json.dumps(list(settings))
    for name, text in (("reasoner", reasoner), ("revision", revision), ("settings", lines)):
        _add(digest, name, text.encode())
    return digest.hexdigest()


def sources_of(message: Message) -> tuple[str, ...]:
    """A readable name for each content: an image's source, the first characters of a text."""
    names = [part.words if isinstance(part, Text) else part.source for part in message.content]
    # A file name may hold bytes that are not Unicode; a stored name must be printable.
    printable = [name.encode(errors="replace").decode() for name in names]
    return tuple(" ".join(name.split())[:_SOURCE_LENGTH] for name in printable)


def _ingredients(message: Message, prompt: Prompt) -> Iterator[tuple[str, bytes]]:
    yield "scheme", _SCHEME.encode()
    yield "side", message.side.value.encode()
    yield "instruction", message.instruction.encode()
    for part in message.content:
        if isinstance(part, Text):
            yield "text", part.words.encode()
        elif isinstance(part, Image):
            yield "image", repr(part.pixels.shape).encode()
            yield "pixels", np.ascontiguousarray(part.pixels).tobytes()
        else:
            yield "video", b""
    for patches in prompt.pictures:
        if patches.is_video:
            times = (patches.grid, patches.seconds, patches.time_step)
            yield "times", repr(times).encode()
            yield "frames", np.ascontiguousarray(patches.values).tobytes()
    yield "tokens", json.dumps(prompt.prefix_ids).encode()


def _add(digest: "hashlib._Hash", name: str, value: bytes) -> None:
    # The length comes before the bytes: no two lists of ingredients give the same stream.
    digest.update(f"{name} {len(value)}\n".encode())
    digest.update(value)
