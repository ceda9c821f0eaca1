"""When a row stops decoding, and why."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from forethought.types import CompletionFormat, Ending

MAX_PATTERN_SIZE = 16
"""The longest repeated pattern that is detected, in tokens; the shortest has two."""

RUNNING = -1
"""The code of a row that goes on; the other codes are indices into `ENDINGS`."""
ENDINGS = tuple(Ending)
ENDING_CODES = {ending: code for code, ending in enumerate(ENDINGS)}


@dataclass(frozen=True, slots=True)
class StopCriteria:
    """How each row would end with its next token, if it does.

    `EMBED` with its embed token; `LENGTH` when `budget` tokens are decoded and none is the embed
    token; `MALFORMED` with the end of its turn; `LOOP` when the last tokens are one pattern of
    two to `MAX_PATTERN_SIZE` tokens, `repeats` times over (0 detects none). A single repeated
    token is the pattern of two, so it ends after `2 * repeats`.
    """

    completion_format: CompletionFormat
    budget: int
    repeats: int

    def __call__(
        self,
        token_ids: Int[Tensor, " N"],
        num_decoded: Int[Tensor, " N"],
        repeat_counts: Int[Tensor, "N S"],
    ) -> Int[Tensor, " N"]:
        """Each row's code; `num_decoded` excludes the next token, `repeat_counts` includes it."""
        codes = torch.full_like(token_ids, RUNNING)
        if self.repeats:
            sizes = pattern_sizes(token_ids.device)
            is_long = num_decoded[:, None] + 1 >= sizes * self.repeats
            loops = (is_long & (repeat_counts >= sizes * (self.repeats - 1))).any(dim=1)
            codes = codes.masked_fill(loops, ENDING_CODES[Ending.LOOP])
        form = self.completion_format
        for end_id in form.end_ids:
            codes = codes.masked_fill(token_ids == end_id, ENDING_CODES[Ending.MALFORMED])
        codes = codes.masked_fill(token_ids == form.embed_id, ENDING_CODES[Ending.EMBED])
        return codes.masked_fill(num_decoded >= self.budget, ENDING_CODES[Ending.LENGTH])


def update_repeat_counts(
    repeat_counts: Int[Tensor, "N S"],
    next_ids: Int[Tensor, " N"],
    *,
    token_ids: Int[Tensor, "N T"],
    starts: Int[Tensor, " N"],
    lengths: Int[Tensor, " N"],
) -> Int[Tensor, "N S"]:
    """For each pattern size s, how many tokens up to the next one equal the token s before them.

    A text ends in a pattern of s tokens, r times over, exactly if its last s (r - 1) tokens do.
    A row's completion is `token_ids` from `starts` up to `lengths`.
    """
    before = lengths[:, None] - pattern_sizes(next_ids.device)
    in_completion: Bool[Tensor, "N S"] = before >= starts[:, None]
    same = token_ids.gather(1, before.clamp(min=0)) == next_ids[:, None]
    return torch.where(in_completion & same, repeat_counts + 1, 0)


def pattern_sizes(device: torch.device) -> Int[Tensor, " S"]:
    """The lengths of the patterns that are detected."""
    return torch.arange(2, MAX_PATTERN_SIZE + 1, device=device)
