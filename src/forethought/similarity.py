"""Cosine similarity, and truncation to the first entries of a vector."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def normalize(vectors: Float[Tensor, "*N D"]) -> Float[Tensor, "*N D"]:
    """Scale each vector to unit length, in float32, or in float64 where they are.

    Raises:
        ValueError: if a vector is zero or not finite.
    """
    wide = vectors if vectors.dtype == torch.float64 else vectors.float()
    # Divided by the largest entry first, tiny and huge entries have squares in float32. The
    # result does not depend on that scale, so it needs no gradient.
    peak = wide.detach().abs().amax(dim=-1, keepdim=True)
    if not bool((peak.isfinite() & (peak > 0)).all()):
        raise ValueError("a vector is zero or not finite, so it has no direction; leave it out")
    return F.normalize(wide / peak, dim=-1)


def cosine(a: Float[Tensor, "Q D"], b: Float[Tensor, "P D"]) -> Float[Tensor, "Q P"]:
    """Cosine of every row of `a` with every row of `b`, in [-1, 1] up to rounding.

    Raises:
        ValueError: if a row is zero or not finite.
    """
    # Autocast would multiply in bfloat16, whose steps below 1 are of 0.004: at a temperature of
    # 0.02 they are a fifth of a logit.
    with torch.autocast(a.device.type, enabled=False):
        return normalize(a) @ normalize(b).T


def truncate(vectors: Float[Tensor, "*N D"], dim: int) -> Float[Tensor, "*N d"]:
    """The first `dim` entries of each vector, scaled to unit length, in float32.

    (Matryoshka representations: Kusupati et al. 2022, arXiv 2205.13147, section 3.)

    Raises:
        ValueError: if `dim` is not in [1, D], or what is left of a vector is zero or not finite.
    """
    width = vectors.shape[-1]
    if not 1 <= dim <= width:
        raise ValueError(f"dim must be from 1 to the vectors' {width}, got {dim}")
    return normalize(vectors[..., :dim])
