"""Cosine similarity."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def normalize(vectors: Float[Tensor, "*N D"]) -> Float[Tensor, "*N D"]:
    """Scale each vector to unit length, in float32.

    Raises:
        ValueError: if a vector is zero or not finite.
    """
    wide = vectors.float()
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
    return normalize(a) @ normalize(b).T
