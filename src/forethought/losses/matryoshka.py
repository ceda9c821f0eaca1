"""A loss at several dimensions of the same vectors."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor

from forethought.similarity import truncate

VectorLoss = Callable[[Float[Tensor, "Q D"], Float[Tensor, "P D"]], Float[Tensor, ""]]
"""A loss of query vectors and document vectors, of any dimension."""


def matryoshka(
    loss: VectorLoss,
    queries: Float[Tensor, "Q D"],
    documents: Float[Tensor, "P D"],
    *,
    dims: Sequence[int],
    weights: Sequence[float],
) -> Float[Tensor, ""]:
    """Weighted mean of `loss` on the first entries of the vectors, scaled to unit length.

    (Matryoshka representation learning: Kusupati et al. 2022, arXiv 2205.13147, equation 1,
    divided by the sum of its weights, so that the rate need not change with the dimensions.)

    Args:
        dims: how many entries each term reads, rising; the last is usually D.
        weights: of each term, positive.

    Raises:
        ValueError: if `dims` are none, do not rise, or exceed D, or `weights` are of another
            number or not positive.
    """
    _check(dims, weights, width=queries.shape[1])
    terms = [
        weight * loss(truncate(queries, dim), truncate(documents, dim))
        for dim, weight in zip(dims, weights, strict=True)
    ]
    return sum(terms[1:], start=terms[0]) / sum(weights)


def _check(dims: Sequence[int], weights: Sequence[float], *, width: int) -> None:
    if not dims or any(low >= high for low, high in pairwise(dims)):
        raise ValueError(f"dims must be at least one, each above the last, got {tuple(dims)}")
    if dims[0] < 1 or dims[-1] > width:
        raise ValueError(f"dims must be from 1 to the vectors' {width}, got {tuple(dims)}")
    if len(weights) != len(dims):
        raise ValueError(
            f"{len(dims)} dims have {len(weights)} weights, {tuple(weights)}; give one for each"
        )
    if not all(math.isfinite(weight) and weight > 0 for weight in weights):
        raise ValueError(f"weights must be positive, got {tuple(weights)}; leave a dim out instead")
