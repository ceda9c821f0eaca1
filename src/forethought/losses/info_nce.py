"""Pick your own document out of the pool."""

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
    """Ask each query to pick its own document out of the pool.

    The pool holds every positive of the batch, so a query's negatives are all documents but
    its own. At `temperature` t, a cosine gap of t multiplies the odds by e. (InfoNCE: van
    den Oord et al., arXiv 1807.03748, equation 4.)

    Args:
        positives: index into `documents` of each query's own document.
        ignored: documents that are no negatives of a query, false ones; a query's own
            document is never ignored.

    Raises:
        ValueError: if `temperature` is not positive.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    logits = cosine(queries, documents) / temperature
    if ignored is not None:
        own = F.one_hot(positives, len(documents)).bool()
        logits = logits.masked_fill(ignored & ~own, -torch.inf)
    return F.cross_entropy(logits, positives)
