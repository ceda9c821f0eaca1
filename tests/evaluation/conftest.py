import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forethought.encoders import EncodeInput
from forethought.types import (
    Embeddings,
    Ending,
    Image,
    Message,
    Mode,
    Progress,
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
AT_SIGHT = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class Painter:
    """Places words and pictures by their colour; knows things of a colour only by thinking."""

    name: str = "painter"
    revision: str = "c0104d000001"
    dimension: int = 3
    encoded: list[tuple[Side, Think, Message]] = field(default_factory=list)

    def encode(
        self,
        inputs: Sequence[EncodeInput],
        *,
        side: Side | str = Side.QUERY,
        think: Think | str = Think.AUTO,
        instruction: str | None = None,  # noqa: ARG002
        batch_size: int = 64,  # noqa: ARG002
        progress: Progress | None = None,
    ) -> Embeddings:
        messages = [shown for shown in inputs if isinstance(shown, Message)]
        self.encoded.extend((Side(side), Think(think), message) for message in messages)
        if progress:
            progress(len(messages), len(messages))
        thinks = Think(think) is Think.ALWAYS
        rationales = tuple(_rationale(message) if thinks else None for message in messages)
        vectors = [
            self.place(message, rationale)
            for message, rationale in zip(messages, rationales, strict=True)
        ]
        return Embeddings(
            vectors=np.array(vectors, dtype=np.float32),
            rationales=rationales,
            mode=tuple(Mode.THOUGHT if thinks else Mode.DIRECT for _ in messages),
            tokens=np.array([_price(rationale) for rationale in rationales]),
            gate=np.full(len(messages), np.nan),
        )

    def place(self, message: Message, rationale: Rationale | None) -> np.ndarray:
        first = message.content[0]
        if isinstance(first, Image):
            colour = first.pixels.mean(axis=(0, 1))
        else:
            assert isinstance(first, Text)
            word = rationale.answer if rationale else first.words
            colour = np.array(COLOURS.get(f"dot/{word}", (1, 1, 1)))
        return np.asarray(colour / np.linalg.norm(colour))


class Collapsed(Painter):
    """Puts everything in one place, but for the rounding of float32."""

    __slots__ = ()

    def place(self, message: Message, rationale: Rationale | None) -> np.ndarray:  # noqa: ARG002
        jitter = 1e-8 * len(self.encoded)
        return np.array([0.6 + jitter, 0.8, jitter])


class Broken(Painter):
    """Divides by zero somewhere."""

    __slots__ = ()

    def place(self, message: Message, rationale: Rationale | None) -> np.ndarray:  # noqa: ARG002
        return np.full(3, np.nan)


def _rationale(message: Message) -> Rationale:
    first = message.content[0]
    if not isinstance(first, Text):
        return Rationale("", "", Ending.MALFORMED)
    answer = THOUGHTS.get(first.words, first.words)
    ending = Ending.EMBED if first.words in THOUGHTS else Ending.LENGTH
    return Rationale(f"it is {answer}", answer, ending)


def _price(rationale: Rationale | None) -> int:
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


@pytest.fixture
def glyphs(tmp_path: Path) -> Path:
    """Two tasks: words that ask for a dot among three; dots that ask for the ring alike."""
    folder = tmp_path / "glyphs"
    folder.mkdir()
    _write(folder / "pictures.parquet", _PICTURES)
    _write(folder / "queries.parquet", _QUERIES)
    _write(folder / "candidates.parquet", _CANDIDATES)
    return folder


def _png(colour: tuple[int, int, int]) -> bytes:
    file = io.BytesIO()
    PIL.Image.new("RGB", (4, 6), colour).save(file, format="PNG")
    return file.getvalue()


def _query(key: tuple[str, str], *, text: str, picture: str, relevant: list[str]) -> dict[str, Any]:
    asked = {"query_instruction": f"do {key[0]}", "query_text": text, "query_picture": picture}
    return {"task": key[0], "split": key[1]} | asked | {"relevant": relevant}


def _candidate(key: tuple[str, str], picture: str) -> dict[str, Any]:
    shown = {"document_instruction": "see", "document_text": "", "document_picture": picture}
    return {"task": key[0], "split": key[1], "document": f"d:{picture}"} | shown


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), path)


_WORDS, _STYLE = ("words", "unseen"), ("style", "unseen")
_PICTURES = [
    {"picture": name, "png": _png(colour), "style": name.split("/", maxsplit=1)[0]}
    for name, colour in COLOURS.items()
]
_QUERIES = [
    _query(_WORDS, text="red", picture="", relevant=["d:dot/red"]),
    _query(_WORDS, text="blue", picture="", relevant=["d:dot/blue"]),
    _query(_WORDS, text="the colour of grass", picture="", relevant=["d:dot/green"]),
    _query(_WORDS, text="the colour of blood", picture="", relevant=["d:dot/red"]),
    _query(_STYLE, text="", picture="dot/green", relevant=["d:ring/green"]),
    _query(_STYLE, text="alike", picture="dot/red", relevant=["d:ring/red", "d:dot/red"]),
]
_CANDIDATES = [
    *(_candidate(_WORDS, name) for name in ("dot/red", "dot/green", "dot/blue")),
    *(_candidate(_STYLE, name) for name in ("dot/red", "dot/blue", "ring/red", "ring/green")),
]
