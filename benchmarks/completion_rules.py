"""The engine's decoding rules for transformers' `generate`: every baseline decodes the same rationales."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import LogitsProcessor

from forethought.types import CompletionFormat


@dataclass(slots=True, eq=False)
class CompletionRules(LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Allow a row at most `budget` tokens, then its embed token, then the end of its turn.

    The first `prompt` tokens of each row are no completion. A row that ends without its embed
    token has it forced, as in the engine. Nothing here synchronizes with a device.
    """

    completion_format: CompletionFormat
    budget: int
    prompt: int
    close_id: int

    def __call__(
        self, input_ids: Int[Tensor, "B T"], scores: Float[Tensor, "B V"]
    ) -> Float[Tensor, "B V"]:
        """Mask every token but the one that each row takes next."""
        completions = input_ids[:, self.prompt :]
        step = completions.shape[1]
        rules = self.completion_format
        if step < len(rules.start):
            return _only(scores, torch.full_like(input_ids[:, 0], rules.start[step]))
        scores = scores.clone()
        scores[:, list(rules.forbidden)] = -torch.inf
        chosen = scores.argmax(dim=-1)
        ended = torch.zeros_like(chosen, dtype=torch.bool)
        for end in rules.end_ids:
            ended |= chosen == end
        if step >= self.budget:
            ended = torch.ones_like(ended)
        chosen = torch.where(ended, rules.embed_id, chosen)
        embedded = (completions == rules.embed_id).any(dim=1)
        return _only(scores, torch.where(embedded, self.close_id, chosen))


def _only(scores: Float[Tensor, "B V"], token_ids: Int[Tensor, " B"]) -> Float[Tensor, "B V"]:
    masked = torch.full_like(scores, -torch.inf)
    return masked.scatter(1, token_ids[:, None], 0.0)
