"""How the next token is chosen from the scores of all."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from forethought.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Sampling:
    """Greedy at `temperature` 0, else drawn from the `top_k` best within mass `top_p`.

    Nothing is inherited from a checkpoint's `generation_config`.

    Raises:
        ConfigError: if a setting is out of its range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps every token."""

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ConfigError(f"temperature must be 0 (greedy) or more, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ConfigError(f"top_p must be in (0, 1], got {self.top_p}")
        if self.top_k < 0:
            raise ConfigError(f"top_k must be 0 (all) or more, got {self.top_k}")


def choose(
    logits: Float[Tensor, "B V"], sampling: Sampling, chance: Float[Tensor, " B"]
) -> Int[Tensor, " B"]:
    """Pick one token a row: the best, or the one at `chance`, in [0, 1), of the drawn mass.

    A row's number is its own, so what it draws depends on no other row, and nothing waits
    for the device.
    """
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    scores = logits.float() / sampling.temperature
    if sampling.top_k:
        kept = scores.topk(min(sampling.top_k, scores.shape[-1])).values[:, -1:]
        scores = scores.masked_fill(scores < kept, -torch.inf)
    if sampling.top_p < 1:
        scores = _nucleus(scores, sampling.top_p)
    mass = scores.softmax(dim=-1).cumsum(dim=-1)
    whole = mass[:, -1:]
    # Just under the whole at most: behind it stand tokens that may not be drawn.
    at = torch.minimum(chance[:, None] * whole, torch.nextafter(whole, torch.zeros_like(whole)))
    return torch.searchsorted(mass, at, right=True)[:, 0]


def _nucleus(scores: Float[Tensor, "B V"], mass: float) -> Float[Tensor, "B V"]:
    ordered, order = scores.sort(dim=-1, descending=True)
    before = ordered.softmax(dim=-1).cumsum(dim=-1) - ordered.softmax(dim=-1)
    return torch.full_like(scores, -torch.inf).scatter(
        -1, order, ordered.masked_fill(before >= mass, -torch.inf)
    )
