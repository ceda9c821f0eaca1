"""A tiny data set whose pictures are plain colours and whose texts name them."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch.nn import functional as F

from forethought.nano.glyph_examples import GlyphPair

COLOURS = {
    "red": (220, 30, 20),
    "green": (20, 190, 40),
    "blue": (30, 40, 230),
    "white": (250, 250, 250),
    "black": (5, 5, 5),
    "yellow": (240, 230, 20),
}
EMPTY = GlyphPair(*("",) * len(dataclasses.fields(GlyphPair)))


class MeanColour:
    """A picture's features: its mean colour and its brightness."""

    width = 4

    def __call__(self, pictures):
        rows = [[*p.mean((0, 1)), p.mean()] for p in pictures]
        return torch.tensor(rows, dtype=torch.float32)

    def probabilities(self, features):
        """Of three classes: mostly red, mostly green, mostly blue."""
        return (features[:, :3] / 50).softmax(-1)


class Bags:
    """A text's vector: a fixed random direction for each word, added up."""

    width = 16

    def __call__(self, texts):
        return F.normalize(torch.stack([sum(map(self._word, t.split())) for t in texts]), dim=-1)

    def _word(self, word):
        seed = int.from_bytes(word.encode()[:7], "big")
        return torch.randn(self.width, generator=torch.Generator().manual_seed(seed))


CLASSES = Bags()(["red", "green", "blue"])
"""The vectors of the classes that `MeanColour` knows."""


def build(folder: Path) -> Path:
    """Write the data: every colour in two shades, "yellow" held out of the train split."""
    folder.mkdir()
    pictures, pairs = [], []
    for name, colour in COLOURS.items():
        split = "held" if name == "yellow" else "train"
        for shade in (0, 5):
            picture = f"{name}/{shade}"
            pictures.append(
                {"picture": picture, "png": _png(tuple(min(255, part + shade) for part in colour))}
            )
            pairs += [
                _pair(split, query_text=f"{name} paint", document_picture=picture, concept=name),
                _pair(split, query_picture=picture, document_text=name, concept=name),
            ]
        pairs.append(
            _pair(split, query_picture=f"{name}/0", document_picture=f"{name}/5", concept=name)
        )
    pq.write_table(pa.Table.from_pylist(pictures), folder / "pictures.parquet")
    rows = [dataclasses.asdict(pair) for pair in pairs]
    pq.write_table(pa.Table.from_pylist(rows), folder / "examples.parquet")
    texts = [{"text": text} for text in ("a lone word", "red")]
    pq.write_table(pa.Table.from_pylist(texts), folder / "texts.parquet")
    return folder


def _pair(split: str, *, concept: str, **fields: str) -> GlyphPair:
    return dataclasses.replace(
        EMPTY, split=split, query_concept=concept, document_concept=concept, **fields
    )


def _png(colour: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    pixels = np.full((3, 2, 3), colour, dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
