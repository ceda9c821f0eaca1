from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from forethought.encoders import EncodeInputs, as_inputs
from forethought.evaluation import METRICS, EvalItem, EvalTask, Metric
from forethought.types import (
    Content,
    ContentKind,
    Embeddings,
    Ending,
    Image,
    Message,
    Mode,
    Progress,
    Provenance,
    Rationale,
    Side,
    Text,
    Think,
)

COLOURS = {
    "dot/red": (255, 0, 0),
    "dot/green": (0, 255, 0),
    "dot/blue": (0, 0, 255),
    "ring/red": (204, 51, 51),
    "ring/green": (51, 204, 51),
}
THOUGHTS = {"the colour of grass": "green", "the colour of blood": "red"}


@dataclass(frozen=True, slots=True)
class Painter:
    """Embeds texts and pictures by their colour; a thing of a colour only after a rationale."""

    name: str = "painter"
    revision: str = "c0104d000001"
    dimension: int = 3
    encoded: list[tuple[Side, Think, Message]] = field(default_factory=list)

    def encode(
        self,
        inputs: EncodeInputs,
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,  # noqa: ARG002
        batch_size: int = 64,  # noqa: ARG002
        progress: Progress | bool | None = None,
        on_error: str = "raise",  # noqa: ARG002
    ) -> Embeddings:
        messages = [message for message in as_inputs(inputs) if isinstance(message, Message)]
        self.encoded.extend((Side(side), Think(think), message) for message in messages)
        if callable(progress):
            progress(len(messages), len(messages))
        thinks = Think(think) is Think.ALWAYS
        rationales = tuple(_rationale(message) if thinks else None for message in messages)
        vectors = [
            self.embed(message, rationale)
            for message, rationale in zip(messages, rationales, strict=True)
        ]
        return Embeddings(
            vectors=np.array(vectors, dtype=np.float32),
            rationales=rationales,
            mode=tuple(Mode.THOUGHT if thinks else Mode.DIRECT for _ in messages),
            tokens=np.array([_num_tokens(rationale) for rationale in rationales]),
            gate=np.full(len(messages), np.nan),
            provenance=self.provenance((), side=side, think=think),
        )

    def provenance(
        self,
        kinds: Iterable[ContentKind],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,
    ) -> Provenance:
        del kinds, instruction
        decoding = ("budget=7",) if Think(think) is Think.ALWAYS else ()
        modes = (Mode.DIRECT, Mode.THOUGHT)
        aligned = tuple((query, document) for query in modes for document in modes)
        return Provenance(self.name, self.revision, Side(side), (), (), decoding, aligned)

    def embed(self, message: Message, rationale: Rationale | None) -> np.ndarray:
        first = message.content[0]
        if isinstance(first, Image):
            colour = first.pixels.mean(axis=(0, 1))
        else:
            assert isinstance(first, Text)
            word = rationale.answer if rationale else first.words
            colour = np.array(COLOURS.get(f"dot/{word}", (1, 1, 1)))
        return np.asarray(colour / np.linalg.norm(colour))


class Collapsed(Painter):
    """Embeds everything at one point, up to the rounding of float32."""

    __slots__ = ()

    def embed(self, message: Message, rationale: Rationale | None) -> np.ndarray:  # noqa: ARG002
        jitter = 1e-8 * len(self.encoded)
        return np.array([0.6 + jitter, 0.8, jitter])


class Broken(Painter):
    """Returns NaN vectors."""

    __slots__ = ()

    def embed(self, message: Message, rationale: Rationale | None) -> np.ndarray:  # noqa: ARG002
        return np.full(3, np.nan)


def _rationale(message: Message) -> Rationale:
    first = message.content[0]
    if not isinstance(first, Text):
        return Rationale("", "", Ending.MALFORMED)
    answer = THOUGHTS.get(first.words, first.words)
    ending = Ending.EMBED if first.words in THOUGHTS else Ending.LENGTH
    return Rationale(f"it is {answer}", answer, ending)


def _num_tokens(rationale: Rationale | None) -> int:
    return len(rationale.thinking.split()) if rationale else 0


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def collapsed() -> Painter:
    return Collapsed(name="collapsed")


@pytest.fixture
def broken() -> Painter:
    return Broken(name="broken")


@pytest.fixture
def rename() -> Callable[[Painter, str], Painter]:
    return lambda encoder, name: replace(encoder, name=name, encoded=[])


@dataclass(frozen=True, slots=True)
class ColourBenchmark:
    """A benchmark in memory; its pictures are made when they are opened."""

    tasks: tuple[EvalTask, ...]
    max_queries: int | None = None
    revision: str = "abc"
    title: str = "colours"
    notes: tuple[str, ...] = ("plain pictures",)
    metrics: Mapping[str, Metric] = field(default_factory=lambda: METRICS)
    opened: list[str] = field(default_factory=list)

    def message(self, item: EvalItem, side: Side) -> Message:
        self.opened.extend(item.media)
        content: list[Content] = [
            Image(np.full((6, 4, 3), COLOURS[name], dtype=np.uint8), source=name)
            for name in item.media
        ]
        if item.text:
            content.append(Text(item.text))
        return Message(tuple(content), item.instruction, side)


def _words(text: str) -> EvalItem:
    return EvalItem("find it", text)


def _picture(name: str, text: str = "") -> EvalItem:
    return EvalItem("see", text, (name,))


@pytest.fixture
def colours() -> ColourBenchmark:
    """Two tasks: find the dot of a word among three; find the ring of a dot's colour."""
    style = EvalTask(
        name="style",
        split="unseen",
        queries=(_picture("dot/green"), _picture("dot/red", "alike")),
        documents=tuple(
            _picture(name) for name in ("dot/red", "dot/blue", "ring/red", "ring/green")
        ),
        relevance=({3: 1.0}, {2: 2.0, 0: 1.0}),
    )
    words = EvalTask(
        name="words",
        split="unseen",
        queries=tuple(map(_words, ("red", "blue", "the colour of grass", "the colour of blood"))),
        documents=tuple(_picture(name) for name in ("dot/red", "dot/green", "dot/blue")),
        relevance=({0: 1.0}, {2: 1.0}, {1: 1.0}, {0: 1.0}),
    )
    return ColourBenchmark((style, words))
