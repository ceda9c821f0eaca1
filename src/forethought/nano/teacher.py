"""What the afternoon baseline would teach: its vectors of every picture and text, made short."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from jaxtyping import Float
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F

from forethought.data import Pair, read_table
from forethought.errors import ConfigError
from forethought.nano.features import Progress, picture_features, text_vectors
from forethought.nano.frozen_baseline import read_head
from forethought.nano.frozen_encoders import (
    FrozenImageEncoder,
    FrozenTextEncoder,
    ImageEncoder,
    TextEncoder,
)

VECTORS = "teacher.safetensors"
KEYS = "teacher.parquet"


@dataclass(frozen=True, slots=True)
class Taught:
    """How many vectors were written, and the share of the texts' squared length they keep."""

    pictures: int
    texts: int
    kept: float


def teacher_vectors(
    data: Path,
    folder: Path,
    *,
    dimension: int = 256,
    pictures: ImageEncoder | None = None,
    texts: TextEncoder | None = None,
    progress: Progress | None = None,
) -> Taught:
    """Write the baseline's unit vectors of what the examples show, as 16-bit floats.

    `teacher.safetensors` holds `picture` (P, dimension) and `text` (T, dimension);
    `teacher.parquet` says which key (a picture's id, a text's words) each row is of. Texts
    are those of the examples and of `texts.parquet`, each once.

    Args:
        folder: of the trained baseline.
        progress: told how many vectors are new, as they come.

    Raises:
        DataError: if the data are not built.
        ModelError: if the folder holds no baseline.
        ConfigError: if it is asked for more dimensions than the baseline has.
    """
    head = read_head(folder)
    if not 1 <= dimension <= head.sizes.dimension:
        raise ConfigError(
            f"dimension must be from 1 to {head.sizes.dimension}, the baseline's, got {dimension}"
        )
    shown, said, learned = _keys(data)
    picture_tower = pictures or FrozenImageEncoder.published()
    features = picture_features(data, shown, tower=picture_tower, progress=progress)
    words = text_vectors(
        data, said, tower=texts or FrozenTextEncoder.published(), progress=progress
    )
    with torch.inference_mode():
        seen = head(features)
    axes = principal(words[[row for row, text in enumerate(said) if text in learned]], dimension)
    short = {"picture": _short(seen, axes), "text": _short(words, axes)}
    _write(data, short, {"picture": shown, "text": said})
    return Taught(len(shown), len(said), float((words @ axes).square().sum(1).mean()))


def principal(vectors: Float[Tensor, "N D"], dimension: int) -> Float[Tensor, "D K"]:
    """The orthonormal axes that keep most of the vectors' squared length, the longest first.

    The vectors are not centred: a cosine is measured from the origin.
    """
    # eigh sorts upwards.
    axes: Tensor = torch.linalg.eigh(vectors.T.double() @ vectors.double()).eigenvectors
    return axes.flip(1)[:, :dimension].to(vectors.dtype)


def _keys(data: Path) -> tuple[list[str], list[str], set[str]]:
    """Every picture and every distinct text that is shown, and the texts that are learned from."""
    pairs = [Pair(**row) for row in read_table(data / "examples.parquet")]
    pictures = {name for pair in pairs for name in (pair.query_picture, pair.document_picture)}
    texts = {text for pair in pairs for text in (pair.query_text, pair.document_text)}
    lone = {row["text"] for row in read_table(data / "texts.parquet")}
    learned = {
        text
        for pair in pairs
        if pair.split == "train"
        for text in (pair.query_text, pair.document_text)
    }
    return sorted(pictures - {""}), sorted((texts | lone) - {""}), learned


def _short(vectors: Float[Tensor, "N D"], axes: Float[Tensor, "D K"]) -> Float[Tensor, "N K"]:
    return F.normalize(vectors @ axes, dim=-1).half().contiguous()


def _write(data: Path, vectors: dict[str, Tensor], keys: dict[str, Sequence[str]]) -> None:
    scratch = data / f".{VECTORS}"
    scratch.write_bytes(save(vectors))
    rows = [
        {"key": key, "kind": kind, "row": row}
        for kind, of in keys.items()
        for row, key in enumerate(of)
    ]
    pq.write_table(pa.Table.from_pylist(rows), data / KEYS)
    scratch.replace(data / VECTORS)
