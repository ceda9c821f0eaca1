"""How the next token is chosen from the scores of all."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Sampling:
    """Greedy at `temperature` 0, else drawn from the `top_k` best within mass `top_p`.

    Nothing is inherited from a checkpoint's `generation_config`.

    Raises:
        ValueError: if a setting is out of its range.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    """0 keeps every token."""

    def __post_init__(self) -> None:
        if self.temperature < 0:
            raise ValueError(f"temperature must be 0 (greedy) or more, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be in (0, 1], got {self.top_p}")
        if self.top_k < 0:
            raise ValueError(f"top_k must be 0 (all) or more, got {self.top_k}")


Chance = torch.Generator | Sequence[torch.Generator | None] | None
"""One source for all rows, or one for each."""


def choose(logits: Float[Tensor, "B V"], sampling: Sampling, chance: Chance) -> Int[Tensor, " B"]:
    """Pick one token a row; with a source of its own, a row's draw depends on no other."""
    if sampling.temperature == 0:
        return logits.argmax(dim=-1)
    scores = logits.float() / sampling.temperature
    if sampling.top_k:
        kept = scores.topk(min(sampling.top_k, scores.shape[-1])).values[:, -1:]
        scores = scores.masked_fill(scores < kept, -torch.inf)
    if sampling.top_p < 1:
        scores = _nucleus(scores, sampling.top_p)
    likely = scores.softmax(dim=-1)
    if isinstance(chance, Sequence):
        drawn = [
            torch.multinomial(row, 1, generator=own)
            for row, own in zip(likely, chance, strict=True)
        ]
        return torch.cat(drawn)
    return torch.multinomial(likely, 1, generator=chance)[:, 0]


def _nucleus(scores: Float[Tensor, "B V"], mass: float) -> Float[Tensor, "B V"]:
    ordered, order = scores.sort(dim=-1, descending=True)
    before = ordered.softmax(dim=-1).cumsum(dim=-1) - ordered.softmax(dim=-1)
    return torch.full_like(scores, -torch.inf).scatter(
        -1, order, ordered.masked_fill(before >= mass, -torch.inf)
    )
