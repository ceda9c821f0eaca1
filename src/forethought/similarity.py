"""How alike vectors are."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def normalize(vectors: Float[Tensor, "*N D"]) -> Float[Tensor, "*N D"]:
    """Scale each vector to unit length, in float32.

    Raises:
        ValueError: if a vector is zero or not finite: it has no direction.
    """
    wide = vectors.float()
    # Dividing by the largest entry first keeps the square of a tiny or huge one representable.
    # The result does not depend on that scale, so no gradient need pass through it.
    peak = wide.detach().abs().amax(dim=-1, keepdim=True)
    if not bool((peak.isfinite() & (peak > 0)).all()):
        raise ValueError("a vector is zero or not finite, so it has no direction to compare")
    return F.normalize(wide / peak, dim=-1)


def cosine(a: Float[Tensor, "Q D"], b: Float[Tensor, "P D"]) -> Float[Tensor, "Q P"]:
    """Cosine of every row of `a` with every row of `b`, in [-1, 1] up to rounding.

    Raises:
        ValueError: if a row is zero or not finite.
    """
    return normalize(a) @ normalize(b).T


def truncate(vectors: Float[Tensor, "N D"], dimension: int) -> Float[Tensor, "N K"]:
    """Keep the first `dimension` numbers of each vector, at unit length again.

    Worth doing with vectors trained for it (Matryoshka, Kusupati et al. 2022).

    Raises:
        ValueError: if there are not that many numbers, or those kept are all zero.
    """
    width = vectors.shape[-1]
    if not 1 <= dimension <= width:
        raise ValueError(f"dimension must be from 1 to {width}, got {dimension}")
    return normalize(vectors[:, :dimension])
