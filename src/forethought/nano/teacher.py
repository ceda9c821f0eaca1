"""Targets for distillation: the frozen baseline's vectors of every picture and text, shortened."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from jaxtyping import Float
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F

from forethought.errors import ConfigError
from forethought.files import atomic
from forethought.nano.features import picture_features, text_vectors
from forethought.nano.frozen_baseline import read_head
from forethought.nano.frozen_encoders import (
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
)
from forethought.nano.glyph_examples import GlyphPair, read_table
from forethought.nano.glyphs.nouns import PSEUDO
from forethought.nano.noun_vectors import noun_vectors
from forethought.types import OpenProgress, no_progress

VECTORS = "teacher.safetensors"
KEYS = "teacher.parquet"


@dataclass(frozen=True, slots=True)
class TeacherSummary:
    """The number of vectors that were written.

    Args:
        energy: the share of the texts' squared length that the axes preserve, from 0 to 1.
    """

    pictures: int
    texts: int
    energy: float


def teacher_vectors(
    data: Path,
    folder: Path,
    *,
    dimension: int = 256,
    pictures: ImageEncoder | None = None,
    texts: TextEncoder | None = None,
    open_progress: OpenProgress = no_progress,
) -> TeacherSummary:
    """Write the baseline's unit vectors of the examples' content, as 16-bit floats.

    That of a pseudo-picture is its noun's.

    `teacher.safetensors` holds `picture` (P, dimension) and `text` (T, dimension);
    `teacher.parquet` has the key (a picture's id, or a text) of each row. Texts are those of
    the examples and of `texts.parquet`, each once.

    Args:
        folder: of the fitted baseline.

    Raises:
        DataError: if the data set is not built.
        ModelError: if the folder holds no baseline.
        ConfigError: if `dimension` is larger than the baseline's.
    """
    head = read_head(folder)
    if not 1 <= dimension <= head.sizes.dimension:
        raise ConfigError(
            f"dimension must be from 1 to {head.sizes.dimension}, the baseline's, got {dimension}"
        )
    every, words, train_texts = _keys(data)
    ids = [name for name in every if not name.startswith(PSEUDO)]
    pseudo = [name for name in every if name.startswith(PSEUDO)]
    pictures = pictures or FrozenImageEncoder.published()
    features = picture_features(data, ids, encoder=pictures, open_progress=open_progress)
    texts = texts or FrozenTextEncoder.published()
    vectors = text_vectors(data, words, encoder=texts, open_progress=open_progress)
    nouns = noun_vectors(data, texts=texts, open_progress=open_progress) if pseudo else {}
    named = torch.from_numpy(np.stack([nouns[name] for name in pseudo])) if pseudo else None
    with torch.inference_mode():
        projected = head(features, pictures.probabilities(features))
    if named is not None:
        projected = torch.cat([projected, named])
    train_rows = [row for row, text in enumerate(words) if text in train_texts]
    axes = principal_axes(vectors[train_rows], dimension)
    short = {"picture": _shorten(projected, axes), "text": _shorten(vectors, axes)}
    _write(data, short, {"picture": [*ids, *pseudo], "text": words})
    energy = float((vectors @ axes).square().sum(1).mean())
    return TeacherSummary(len(every), len(words), energy)


def principal_axes(vectors: Float[Tensor, "N D"], dimension: int) -> Float[Tensor, "D K"]:
    """The orthonormal axes that preserve most of the vectors' squared length, the longest first.

    The vectors are not centred: a cosine is measured from the origin.
    """
    # eigh sorts upwards.
    axes: Tensor = torch.linalg.eigh(vectors.T.double() @ vectors.double()).eigenvectors
    return axes.flip(1)[:, :dimension].to(vectors.dtype)


def _keys(data: Path) -> tuple[list[str], list[str], set[str]]:
    """Every picture and every distinct text of the data set, and the texts of the train split."""
    pairs = [GlyphPair(**row) for row in read_table(data / "examples.parquet")]
    pictures = {name for pair in pairs for name in (pair.query_picture, pair.document_picture)}
    if pictures == {""}:
        raise ConfigError(
            f"{data}: the baseline teaches from pictures, and these pairs have none; leave the "
            "objective out, or name data with pictures, such as data/glyphs"
        )
    texts = {text for pair in pairs for text in (pair.query_text, pair.document_text)}
    plain = {row["text"] for row in read_table(data / "texts.parquet")}
    train_texts = {
        text
        for pair in pairs
        if pair.split == "train"
        for text in (pair.query_text, pair.document_text)
    }
    return sorted(pictures - {""}), sorted((texts | plain) - {""}), train_texts


def _shorten(vectors: Float[Tensor, "N D"], axes: Float[Tensor, "D K"]) -> Float[Tensor, "N K"]:
    return F.normalize(vectors @ axes, dim=-1).half().contiguous()


def _write(data: Path, vectors: dict[str, Tensor], keys: dict[str, Sequence[str]]) -> None:
    rows = [
        {"key": key, "kind": kind, "row": row}
        for kind, names in keys.items()
        for row, key in enumerate(names)
    ]
    with atomic(data / VECTORS) as temporary, atomic(data / KEYS) as temporary_keys:
        pq.write_table(pa.Table.from_pylist(rows), temporary_keys)
        save_file(vectors, temporary)
