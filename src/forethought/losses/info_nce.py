"""InfoNCE over a pool of documents."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from forethought.similarity import cosine

BLOCK = 512
"""So many queries choose out of the pool at a time."""


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

    Over `BLOCK` queries it is computed in blocks, whose logits are computed again in the backward
    pass: those of 4,096 pairs take 64 MiB, and a step has several such losses.

    Args:
        positives: index into `documents` of each query's positive.
        ignored: false negatives, left out of a query's pool; its positive never is.

    Raises:
        ValueError: if `temperature` is not positive.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    if ignored is None:
        ignored = torch.zeros(len(queries), len(documents), dtype=torch.bool).to(queries.device)

    def choice(
        queries: Float[Tensor, "B D"], positives: Int[Tensor, " B"], ignored: Bool[Tensor, "B P"]
    ) -> Float[Tensor, " B"]:
        logits = cosine(queries, documents) / temperature
        is_positive = torch.arange(len(documents), device=positives.device) == positives[:, None]
        logits = logits.masked_fill(ignored & ~is_positive, -torch.inf)
        return F.cross_entropy(logits, positives, reduction="none")

    if len(queries) <= BLOCK:
        return choice(queries, positives, ignored).mean()
    losses: list[Tensor] = []
    for start in range(0, len(queries), BLOCK):
        block = (one[start : start + BLOCK] for one in (queries, positives, ignored))
        losses.append(checkpoint(choice, *block, use_reentrant=False))
    return torch.cat(losses).mean()
