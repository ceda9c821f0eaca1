"""What the frozen encoders say of the data: computed once, kept beside them."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from forethought.data import Pair, read_table
from forethought.errors import DataError
from forethought.nano.feature_cache import remembered
from forethought.nano.frozen_encoders import ImageEncoder, TextEncoder
from forethought.types import Image

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True, eq=False)
class FeatureDataset:
    """Each concept's pictures and texts, as rows of two tables of frozen vectors."""

    features: Float[Tensor, "P F"]
    texts: Float[Tensor, "T D"]
    concepts: Int[Tensor, " P"]
    """The concept of each picture."""
    captions: tuple[tuple[int, ...], ...]
    """For each concept, the rows of its texts."""


def read_feature_dataset(
    data: Path, *, pictures: ImageEncoder, texts: TextEncoder
) -> FeatureDataset:
    """Everything the train split pairs across picture and text, as frozen vectors.

    Raises:
        DataError: if the data are not built, or pair no picture with a text.
    """
    pairs = [Pair(**row) for row in read_table(data / "examples.parquet")]
    crossed = [cross for pair in pairs if pair.split == "train" for cross in crossings(pair)]
    if not crossed:
        raise DataError(f"{data}: no train pair of a picture and a text; build the data again")
    shown = sorted({picture for picture, _, _ in crossed})
    words = sorted({text for _, text, _ in crossed})
    places = {text: row for row, text in enumerate(words)}
    concept_of = {picture: concept for picture, _, concept in crossed}
    concepts = sorted(set(concept_of.values()))
    captions = defaultdict(set)
    for _, text, concept in crossed:
        captions[concept].add(places[text])
    rank = {concept: row for row, concept in enumerate(concepts)}
    return FeatureDataset(
        features=picture_features(data, shown, tower=pictures),
        texts=text_vectors(data, words, tower=texts),
        concepts=torch.tensor([rank[concept_of[picture]] for picture in shown]),
        captions=tuple(tuple(sorted(captions[concept])) for concept in concepts),
    )


def crossings(pair: Pair) -> list[tuple[str, str, str]]:
    """(picture, text, concept of the picture) where one side is a picture and the other words."""
    found = []
    if pair.document_picture and pair.query_text and not (pair.query_picture or pair.document_text):
        found.append((pair.document_picture, pair.query_text, pair.document_concept))
    if pair.query_picture and pair.document_text and not (pair.query_text or pair.document_picture):
        found.append((pair.query_picture, pair.document_text, pair.query_concept))
    return found


def picture_features(
    data: Path, shown: Sequence[str], *, tower: ImageEncoder, progress: Progress | None = None
) -> Float[Tensor, "P F"]:
    """What the tower says of these pictures, by id; kept in `features.npz` beside them.

    Raises:
        DataError: if the data are not built, or lack one of the pictures.
    """
    path = data / "pictures.parquet"
    if not path.is_file():
        raise DataError(f"{path}: no such file; build the data with `forethought data glyphs`")
    table = pq.read_table(path, columns=["picture", "png"]).to_pydict()
    files = dict(zip(table["picture"], table["png"], strict=True))
    absent = [picture for picture in shown if picture not in files]
    if absent:
        raise DataError(f"{path}: no picture {absent[0]!r}; build the data again")
    contents = [files[picture] for picture in shown]

    def describe(places: Sequence[int]) -> Float[np.ndarray, "N F"]:
        pixels = [Image(contents[place], source=shown[place]).pixels for place in places]
        return tower(pixels).numpy()

    rows = remembered(
        data / "features.npz", contents, width=tower.width, describe=describe, progress=progress
    )
    return torch.from_numpy(rows)


def text_vectors(
    data: Path, words: Sequence[str], *, tower: TextEncoder, progress: Progress | None = None
) -> Float[Tensor, "T D"]:
    """The tower's unit vectors of these texts; kept in `texts.npz` beside the data."""

    def describe(places: Sequence[int]) -> Float[np.ndarray, "N D"]:
        return tower([words[place] for place in places]).numpy()

    contents = [text.encode() for text in words]
    rows = remembered(
        data / "texts.npz", contents, width=tower.width, describe=describe, progress=progress
    )
    return F.normalize(torch.from_numpy(rows), dim=-1)
