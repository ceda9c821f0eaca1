"""How the next token is chosen from the logits."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Sampling:
    """Greedy at `temperature` 0, else sampled from the `top_k` likeliest tokens within `top_p`.

    Nothing is inherited from a checkpoint's `generation_config`.

    Raises:
        ConfigError: if a setting is out of its range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    """0 is no limit."""

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ConfigError(f"temperature must be 0 (greedy) or more, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be in (0, 1], got {self.top_p}")
        if self.top_k < 0:
            raise ConfigError(f"top_k must be 0 (all) or more, got {self.top_k}")


def sample(
    logits: Float[Tensor, "B V"], sampling: Sampling, uniform_draws: Float[Tensor, " B"]
) -> Int[Tensor, " B"]:
    """Choose one token a row: the likeliest, or by inverse transform sampling.

    Each row's draw, in [0, 1), is a position in the cumulative probability of the tokens that
    may be sampled. A row depends on its own draw only, and nothing waits for the device.
    """
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    scores = logits.float() / sampling.temperature
    if sampling.top_k:
        lowest = scores.topk(min(sampling.top_k, scores.shape[-1])).values[:, -1:]
        scores = scores.masked_fill(scores < lowest, -torch.inf)
    if sampling.top_p < 1:
        scores = _nucleus(scores, sampling.top_p)
    cumulative = scores.softmax(dim=-1).cumsum(dim=-1)
    total = cumulative[:, -1:]
    # Strictly below the total: the tokens behind it have no probability.
    below = torch.nextafter(total, torch.zeros_like(total))
    targets = torch.minimum(uniform_draws[:, None] * total, below)
    chosen = torch.searchsorted(cumulative, targets, right=True)[:, 0]
    # Scores that are not numbers have no position: none may lead past the vocabulary.
    return torch.where(chosen < scores.shape[-1], chosen, scores.argmax(dim=-1))


def _nucleus(scores: Float[Tensor, "B V"], top_p: float) -> Float[Tensor, "B V"]:
    ordered, order = scores.sort(dim=-1, descending=True)
    before = ordered.softmax(dim=-1).cumsum(dim=-1) - ordered.softmax(dim=-1)
    return torch.full_like(scores, -torch.inf).scatter(
        -1, order, ordered.masked_fill(before >= top_p, -torch.inf)
    )
