"""An `Encoder` without a model, whose vector of a picture is its mean colour; recorded progress."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from forethought.errors import ContentError
from forethought.types import (
    Content,
    ContentKind,
    Embeddings,
    Ending,
    Image,
    Message,
    Mode,
    Pair,
    Progress,
    Provenance,
    Rationale,
    Side,
    Text,
    Think,
)

if TYPE_CHECKING:
    from forethought.encoders import EncodeInputs

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255,) * 3}
_MODES = (Mode.DIRECT, Mode.THOUGHT)


@dataclass(eq=False)
class ColourEncoder:
    """Vectors are (1, red, green, blue, 0.1), scaled to unit length.

    Text is the mean of the colours it names, or grey. Pictures wider than `widest` are refused.
    `think="auto"` thinks about text with more than one colour. `seconds_each` is the time a
    picture takes. `encoded` records every source and text, `calls` every (side, think,
    instruction).
    """

    name: str = "colour"
    revision: str = "0123456789ab"
    settings: tuple[str, ...] = ("dtype=float32",)
    aligned: tuple[Pair, ...] = tuple(product(_MODES, _MODES))
    widest: int = 1000
    seconds_each: float = 0.0
    encoded: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, str | None]] = field(default_factory=list)

    @property
    def dimension(self) -> int:
        return 5

    def encode(
        self,
        inputs: "EncodeInputs",
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
        batch_size: int = 64,
        progress: Progress | bool | None = None,
        on_error: str = "raise",
    ) -> Embeddings:
        messages = _messages(inputs, Side(side))
        errors = [self._error(message, i, on_error) for i, message in enumerate(messages)]
        self.calls.append((str(side), str(think), instruction))
        thought = [
            error is None and _thinks(message, Think(think))
            for error, message in zip(errors, messages, strict=True)
        ]
        if callable(progress):
            progress(len(messages), len(messages))
        del batch_size
        return Embeddings(
            vectors=np.stack(
                [
                    np.full(self.dimension, np.nan, np.float32) if error else self._vector(message)
                    for error, message in zip(errors, messages, strict=True)
                ]
            ),
            rationales=tuple(
                Rationale("the mean of all colours", "a colour", Ending.EMBED) if thinks else None
                for thinks in thought
            ),
            mode=tuple(
                Mode.SKIPPED if error else Mode.THOUGHT if thinks else Mode.DIRECT
                for error, thinks in zip(errors, thought, strict=True)
            ),
            tokens=np.array([7 if thinks else 0 for thinks in thought]),
            gate=np.full(len(messages), 0.25 if think == "auto" else np.nan),
            errors=tuple(errors),
            provenance=self.provenance((), side=side, think=think, instruction=instruction),
        )

    def provenance(
        self,
        kinds: Iterable[ContentKind],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
    ) -> Provenance:
        del kinds
        decoding = () if think == "never" else ("budget=7",)
        return Provenance(
            *(self.name, self.revision, Side(side), (instruction or "",), self.settings),
            *(decoding, self.aligned),
        )

    def _error(self, message: Message, index: int, on_error: str) -> str | None:
        try:
            self._check(message, index)
        except ContentError as error:
            if on_error == "raise":
                raise
            return str(error).removeprefix(f"input {index}: ")
        return None

    def _check(self, message: Message, index: int) -> None:
        for content in message.content:
            if isinstance(content, Image) and content.pixels.shape[1] > self.widest:
                raise ContentError(f"input {index}: {content.source} is too wide")

    def _vector(self, message: Message) -> Float[np.ndarray, " D"]:
        colours = [self._colour(content) for content in message.content]
        vector = np.array([1.0, *np.mean(colours, axis=0) / 255, 0.1], dtype=np.float32)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def _colour(self, content: Content) -> Float[np.ndarray, " 3"]:
        if isinstance(content, Image):
            time.sleep(self.seconds_each)
            self.encoded.append(content.source)
            return np.asarray(content.pixels.reshape(-1, 3).mean(0))
        assert isinstance(content, Text)
        self.encoded.append(content.words)
        named = [COLOURS[word] for word in content.words.split() if word in COLOURS]
        return np.asarray(np.mean(named or [(128, 128, 128)], axis=0))


@dataclass(frozen=True, slots=True)
class RecordedProgress:
    """An `OpenProgress` that records the reports of each part, in order."""

    parts: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)

    @contextmanager
    def __call__(self, part: str, /) -> Iterator[Progress]:
        reports = self.parts.setdefault(part, [])

        def report(done: int, total: int, label: str = "", /) -> None:
            reports.append((done, total, label))

        yield report


def _messages(inputs: "EncodeInputs", side: Side) -> list[Message]:
    from forethought.encoders import as_messages

    return as_messages(inputs, side=side, instruction="")


def _thinks(message: Message, think: Think) -> bool:
    if think is not Think.AUTO:
        return think is Think.ALWAYS
    texts = [content.words for content in message.content if isinstance(content, Text)]
    return len([word for word in " ".join(texts).split() if word in COLOURS]) > 1
