"""Features of the training pairs by the frozen encoders, cached beside the data."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from forethought.errors import DataError
from forethought.nano.feature_cache import cached_rows
from forethought.nano.frozen_encoders import ImageEncoder, TextEncoder
from forethought.nano.glyph_examples import GlyphPair, read_table
from forethought.nano.glyphs.nouns import PSEUDO
from forethought.types import Image, OpenProgress, no_progress


@dataclass(frozen=True, slots=True, eq=False)
class FeatureDataset:
    """The pictures and the texts of each concept, as rows of two tables of frozen features."""

    features: Float[Tensor, "P F"]
    texts: Float[Tensor, "T D"]
    concepts: Int[Tensor, " P"]
    """The concept of each picture."""
    captions: tuple[tuple[int, ...], ...]
    """For each concept, the rows of its texts."""


def read_feature_dataset(
    data: Path,
    *,
    pictures: ImageEncoder,
    texts: TextEncoder,
    open_progress: OpenProgress = no_progress,
) -> FeatureDataset:
    """Compute the features of every train pair of a picture and a text.

    Raises:
        DataError: if the data set is not built, or pairs no picture with a text.
    """
    pairs = [GlyphPair(**row) for row in read_table(data / "examples.parquet")]
    train = (pair for pair in pairs if pair.split == "train")
    # A pseudo-picture has no pixels, so no features.
    matches = [
        match for pair in train for match in picture_texts(pair) if not match[0].startswith(PSEUDO)
    ]
    if not matches:
        raise DataError(f"{data}: no train pair of a picture and a text; build the data again")
    ids = sorted({picture for picture, _, _ in matches})
    captions = sorted({text for _, text, _ in matches})
    rows = {text: row for row, text in enumerate(captions)}
    concept_of = {picture: concept for picture, _, concept in matches}
    concepts = sorted(set(concept_of.values()))
    caption_rows = defaultdict(set)
    for _, text, concept in matches:
        caption_rows[concept].add(rows[text])
    index = {concept: row for row, concept in enumerate(concepts)}
    return FeatureDataset(
        features=picture_features(data, ids, encoder=pictures, open_progress=open_progress),
        texts=text_vectors(data, captions, encoder=texts, open_progress=open_progress),
        concepts=torch.tensor([index[concept_of[picture]] for picture in ids]),
        captions=tuple(tuple(sorted(caption_rows[concept])) for concept in concepts),
    )


def picture_texts(pair: GlyphPair) -> list[tuple[str, str, str]]:
    """(picture, text, concept) of a pair of one picture and one text, else nothing."""
    found = []
    if pair.document_picture and pair.query_text and not (pair.query_picture or pair.document_text):
        found.append((pair.document_picture, pair.query_text, pair.document_concept))
    if pair.query_picture and pair.document_text and not (pair.query_text or pair.document_picture):
        found.append((pair.query_picture, pair.document_text, pair.query_concept))
    return found


def picture_features(
    data: Path,
    ids: Sequence[str],
    *,
    encoder: ImageEncoder,
    open_progress: OpenProgress = no_progress,
) -> Float[Tensor, "P F"]:
    """Compute the features of pictures by id, cached in `features.npz` beside them.

    Raises:
        DataError: if the data set is not built, or lacks one of the pictures.
    """
    path = data / "pictures.parquet"
    if not path.is_file():
        raise DataError(f"{path}: no such file; build the data with `forethought data glyphs`")
    table = pq.read_table(path, columns=["picture", "png"]).to_pydict()
    files = dict(zip(table["picture"], table["png"], strict=True))
    absent = [picture for picture in ids if picture not in files]
    if absent:
        raise DataError(f"{path}: no picture {absent[0]!r}; build the data again")
    contents = [files[picture] for picture in ids]

    def compute(indices: Sequence[int]) -> Float[np.ndarray, "N F"]:
        pixels = [Image(contents[index], source=ids[index]).pixels for index in indices]
        return encoder(pixels).numpy()

    rows = cached_rows(
        data / "features.npz",
        contents,
        width=encoder.width,
        compute=compute,
        open_progress=open_progress,
    )
    return torch.from_numpy(rows)


def text_vectors(
    data: Path,
    texts: Sequence[str],
    *,
    encoder: TextEncoder,
    open_progress: OpenProgress = no_progress,
) -> Float[Tensor, "T D"]:
    """Compute the unit vectors of texts, cached in `texts.npz` beside the data."""

    def compute(indices: Sequence[int]) -> Float[np.ndarray, "N D"]:
        # Texts of like length share a batch, so that little of it is padding.
        order = sorted(range(len(indices)), key=lambda at: len(texts[indices[at]]))
        found = np.zeros((len(indices), encoder.width), np.float32)
        found[order] = encoder([texts[indices[at]] for at in order]).numpy()
        return found

    contents = [text.encode() for text in texts]
    rows = cached_rows(
        data / "texts.npz",
        contents,
        width=encoder.width,
        compute=compute,
        open_progress=open_progress,
    )
    return F.normalize(torch.from_numpy(rows), dim=-1)
