"""Next-token cross-entropy over completions."""

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


def next_token(logits: Float[Tensor, "T V"], targets: Int[Tensor, " T"]) -> Float[Tensor, ""]:
    """Mean negative log-likelihood in nats of each target under the logits before it."""
    # float32: the tail of a bf16 softmax is lost.
    return F.cross_entropy(logits.float(), targets)
