"""The engine's rules of writing, for stock `generate`: so that rivals write the same rationales."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import LogitsProcessor

from forethought.types import CompletionFormat


@dataclass(slots=True, eq=False)
class Rules(LogitsProcessor):  # type: ignore[misc, unused-ignore]
    """Let a row write at most `budget` tokens, then embed; once it embedded, let it end.

    `prompt` is how many tokens of each row are no completion. A row that ends without its
    embed token has it forced, as in the engine. Nothing here waits for a device.
    """

    completion_format: CompletionFormat
    budget: int
    prompt: int
    close_id: int

    def __call__(
        self, input_ids: Int[Tensor, "B T"], scores: Float[Tensor, "B V"]
    ) -> Float[Tensor, "B V"]:
        """Leave each row the tokens that it may write next."""
        written = input_ids[:, self.prompt :]
        step = written.shape[1]
        completion_format = self.completion_format
        if step < len(completion_format.start):
            return _only(scores, torch.full_like(input_ids[:, 0], completion_format.start[step]))
        scores = scores.clone()
        scores[:, list(completion_format.forbidden)] = -torch.inf
        wished = scores.argmax(dim=-1)
        gave_up = torch.zeros_like(wished, dtype=torch.bool)
        for end in completion_format.end_ids:
            gave_up |= wished == end
        if step >= self.budget:
            gave_up = torch.ones_like(gave_up)
        wished = torch.where(gave_up, completion_format.embed_id, wished)
        embedded = (written == completion_format.embed_id).any(dim=1)
        return _only(scores, torch.where(embedded, self.close_id, wished))


def _only(scores: Float[Tensor, "B V"], token_ids: Int[Tensor, " B"]) -> Float[Tensor, "B V"]:
    shut = torch.full_like(scores, -torch.inf)
    return shut.scatter(1, token_ids[:, None], 0.0)
