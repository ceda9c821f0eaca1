"""ConSE: a picture's vector from the classes that a classifier finds in it (arXiv:1312.5650)."""

from jaxtyping import Float
from torch import Tensor, einsum
from torch.nn import functional as F

TOP = 10
"""How many classes are averaged, as in the paper."""


def conse(
    probabilities: Float[Tensor, "*B C"], class_vectors: Float[Tensor, "C D"], *, top: int = TOP
) -> Float[Tensor, "*B D"]:
    """Average the vectors of the most probable classes, weighted by probability, at unit length.

    Args:
        probabilities: of each class, from a softmax over all of them.
        class_vectors: unit vectors, in the order of the probabilities.
        top: how many classes are averaged; all if there are fewer.
    """
    best = probabilities.topk(min(top, probabilities.shape[-1]), dim=-1)
    total = einsum("...k,...kd->...d", best.values, class_vectors[best.indices])
    return F.normalize(total, dim=-1)
