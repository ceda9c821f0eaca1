"""An `Encoder` whose vector of a text is looked up, or drawn by its words."""

import zlib
from dataclasses import dataclass, field

import numpy as np

from forethought.encoders import EncodeSides, as_messages
from forethought.types import Embeddings, Mode, Provenance, Side, Text, Think


def drawn(words, dimension):
    """A random unit vector, the same for the same words."""
    vector = np.random.default_rng(zlib.crc32(words.encode())).normal(size=dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@dataclass(eq=False)
class LookupEncoder(EncodeSides):
    """`encoded` records every side, think and words, `sizes` the inputs of each call.

    Words in `refused` have no vector.
    """

    table: dict[str, list[float]] = field(default_factory=dict)
    dimension: int = 4
    name: str = "lookup"
    revision: str = "abcdef012345"
    refused: tuple[str, ...] = ()
    encoded: list[tuple[str, str, str]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def encode(
        self,
        inputs,
        *,
        side=Side.QUERY,
        think=Think.AUTO,
        instruction=None,
        batch_size=64,
        progress=None,
        on_error="raise",
    ):
        assert on_error == "skip"
        del batch_size
        messages = as_messages(inputs, side=Side(side), instruction=instruction or "")
        words = [
            " ".join(part.words if isinstance(part, Text) else "picture" for part in each.content)
            for each in messages
        ]
        self.encoded += [(str(side), str(think), text) for text in words]
        self.sizes.append(len(words))
        if callable(progress):
            progress(len(words), len(words))
        count = len(words)
        vectors = [self.table.get(text, drawn(text, self.dimension)) for text in words]
        errors = tuple("has a refused word" if text in self.refused else None for text in words)
        return Embeddings(
            vectors=np.array(vectors, dtype=np.float32).reshape(count, self.dimension),
            rationales=(None,) * count,
            mode=(Mode.DIRECT,) * count,
            tokens=np.zeros(count, np.int64),
            gate=np.full(count, np.nan),
            errors=errors,
        )

    def provenance(self, kinds, *, side=Side.QUERY, think=Think.AUTO, instruction=None):
        del kinds
        decoding = () if think == "never" else ("budget=7",)
        return Provenance(
            *(self.name, self.revision, Side(side), (instruction or "",), ()), decoding
        )
