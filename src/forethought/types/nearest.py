"""Cosine and nearest rows of matrices of vectors, in NumPy: types load without torch."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float

from forethought.errors import ConfigError, ContractError
from forethought.types.hit import Neighbor

_BLOCK = 1 << 24  # scores at a time: 64 MiB


def unit_rows(
    vectors: Float[np.ndarray, "N D"], errors: Sequence[str | None], name: str
) -> Float[np.ndarray, "N D"]:
    """Scale each row to unit length, in float32; `errors` are the reasons of skipped rows.

    Raises:
        ContractError: if a row is zero or not finite.
    """
    wide = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    bad = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if len(bad):
        first = int(bad[0])
        reason = errors[first] or "zero or not finite"
        rows = ", ".join(str(row) for row in bad[:5]) + (", ..." if len(bad) > 5 else "")
        raise ContractError(
            f"{len(bad)} of {len(vectors)} {name} have no vector (rows {rows}; row {first}: "
            f"{reason}); leave them out: x = x[x.has_vector]"
        )
    unit: Float[np.ndarray, "N D"] = (wide / lengths).astype(np.float32)
    return unit


def nearest(
    queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "P D"], k: int
) -> list[list[Neighbor]]:
    """The `k` best rows of `documents` for each query, best first; equal scores by position.

    Raises:
        ConfigError: if `k` is below 1.
    """
    check_count(k)
    return [top_rows(scores, k) for scores in _score_rows(queries, documents)]


def check_count(k: object) -> None:
    """Refuse a number of hits that is no whole number of at least 1.

    Raises:
        ConfigError: naming it.
    """
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or k < 1:
        raise ConfigError(f"k must be a whole number of at least 1, got {k!r}")


def top_rows(scores: Float[np.ndarray, " P"], k: int) -> list[Neighbor]:
    """The rows of the `k` highest scores, best first; equal scores by position."""
    if k < len(scores):
        least = np.partition(scores, len(scores) - k)[len(scores) - k]
        rows = np.flatnonzero(scores >= least)
    else:
        rows = np.arange(len(scores))
    order = rows[np.argsort(-scores[rows], kind="stable")][:k]
    return [Neighbor(int(row), float(scores[row])) for row in order]


def _score_rows(
    queries: Float[np.ndarray, "Q D"], documents: Float[np.ndarray, "P D"]
) -> Iterator[Float[np.ndarray, " P"]]:
    step = max(1, _BLOCK // max(1, len(documents)))
    for start in range(0, len(queries), step):
        yield from queries[start : start + step] @ documents.T
