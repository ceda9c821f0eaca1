"""Distillation: match a teacher's vectors, or its ranking of a pool."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from forethought.similarity import cosine


def pointwise(vectors: Float[Tensor, "N D"], targets: Float[Tensor, "N D"]) -> Float[Tensor, ""]:
    """Mean of one less the cosine to the teacher's vector of the same input, in [0, 2]."""
    return 1 - F.cosine_similarity(vectors, targets, dim=-1).mean()


def relational(
    queries: Float[Tensor, "Q D"],
    documents: Float[Tensor, "P D"],
    *,
    target_queries: Float[Tensor, "Q E"],
    target_documents: Float[Tensor, "P E"],
    temperature: float,
) -> Float[Tensor, ""]:
    """Mean Kullback-Leibler divergence from the teacher's distribution over the pool to ours.

    Both are the softmax of cosines at `temperature`; the teacher's vectors may have another
    dimension.

    Raises:
        ValueError: if `temperature` is not positive.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    ours = cosine(queries, documents) / temperature
    theirs = cosine(target_queries, target_documents) / temperature
    return F.kl_div(
        ours.log_softmax(dim=-1), theirs.log_softmax(dim=-1), log_target=True, reduction="batchmean"
    )
