"""Next-token cross-entropy over completions."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


def next_token(logits: Float[Tensor, "T V"], targets: Int[Tensor, " T"]) -> Float[Tensor, " T"]:
    """Negative log-likelihood in nats of each target under the logits before it."""
    # float32: the tail of a bf16 softmax is lost.
    wide = logits if logits.dtype == torch.float64 else logits.float()
    return F.cross_entropy(wide, targets, reduction="none")
