"""InfoNCE over a pool of documents."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from forethought.similarity import cosine


def info_nce(
    queries: Float[Tensor, "Q D"],
    documents: Float[Tensor, "P D"],
    positives: Int[Tensor, " Q"],
    *,
    temperature: float,
    ignored: Bool[Tensor, "Q P"] | None = None,
) -> Float[Tensor, ""]:
    """Cross-entropy of choosing each query's positive out of the pool.

    A query's negatives are all other documents of the pool. At `temperature` t, a cosine gap of
    t multiplies the odds by e. (InfoNCE: van den Oord et al., arXiv 1807.03748, equation 4.)

    Args:
        positives: index into `documents` of each query's positive.
        ignored: false negatives, left out of a query's pool; its positive never is.

    Raises:
        ValueError: if `temperature` is not positive.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    logits = cosine(queries, documents) / temperature
    if ignored is not None:
        positive = F.one_hot(positives, len(documents)).bool()
        logits = logits.masked_fill(ignored & ~positive, -torch.inf)
    return F.cross_entropy(logits, positives)
