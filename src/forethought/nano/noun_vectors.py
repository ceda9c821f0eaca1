"""What a frozen network would say of a picture of a noun: the vector of its name and kinds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from jaxtyping import Float
from torch.nn import functional as F

from forethought.nano.class_vectors import DECAY, HYPERNYMS, WEIGHT
from forethought.nano.features import text_vectors
from forethought.nano.frozen_encoders import FrozenTextEncoder, TextEncoder
from forethought.nano.glyphs.nouns import PSEUDO
from forethought.types import OpenProgress, no_progress


def noun_vectors(
    data: Path,
    *,
    texts: TextEncoder | None = None,
    open_progress: OpenProgress = no_progress,
) -> Mapping[str, Float[np.ndarray, " D"]]:
    """The unit vector of every noun of the built data, by the id of its pseudo-picture.

    Made as the vectors of the frozen network's classes are: the name's, and those of its nearest
    hypernyms with falling weights.

    Args:
        texts: the frozen sentence encoder; by default the published one.
    """
    rows = pq.read_table(data / "nouns.parquet").to_pylist()
    names = sorted({text for row in rows for text in _phrases(row["name"], row["kinds"])})
    found = text_vectors(
        data, names, encoder=texts or FrozenTextEncoder.published(), open_progress=open_progress
    )
    index = {name: row for row, name in enumerate(names)}
    weights = torch.tensor([1.0, *(WEIGHT * DECAY**depth for depth in range(HYPERNYMS))])
    vectors = {}
    for row in rows:
        phrases = _phrases(row["name"], row["kinds"])
        chosen = found[[index[phrase] for phrase in phrases]]
        total = (weights[: len(phrases), None] * chosen).sum(0)
        vectors[f"{PSEUDO}{row['offset']}"] = F.normalize(total, dim=0).numpy()
    return vectors


def _phrases(name: str, kinds: Sequence[str]) -> list[str]:
    return [name, *kinds[:HYPERNYMS]]
