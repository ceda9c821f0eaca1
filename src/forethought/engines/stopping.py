"""When a row stops writing, and why."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from forethought.types import CompletionFormat, Ending

SPAN = 16
"""The longest run of tokens that is looked for again and again."""

OPEN = -1
"""A row that writes on; the other codes are places in `ENDINGS`."""
ENDINGS = tuple(Ending)
CODE = {ending: code for code, ending in enumerate(ENDINGS)}


@dataclass(frozen=True, slots=True)
class StopCriteria:
    """Says of every row at once how it would end by its next token, if it does.

    `EMBED` by its embed token; `LENGTH` when `budget` tokens are written and none embeds;
    `MALFORMED` by the end of its turn; `LOOP` when the last tokens are one run of two to
    `SPAN` tokens, `repeats` times over (0 never looks). One token alone must so fill as many
    places as the shortest run would, `2 * repeats`.
    """

    completion_format: CompletionFormat
    budget: int
    repeats: int

    def __call__(
        self, tokens: Int[Tensor, " N"], counts: Int[Tensor, " N"], runs: Int[Tensor, "N S"]
    ) -> Int[Tensor, " N"]:
        """Each row's code; `counts` tokens are written, and `runs` counts with this one."""
        codes = torch.full_like(tokens, OPEN)
        if self.repeats:
            sizes = run_sizes(tokens.device)
            far = counts[:, None] + 1 >= sizes * self.repeats
            loops = (far & (runs >= sizes * (self.repeats - 1))).any(dim=1)
            codes = codes.masked_fill(loops, CODE[Ending.LOOP])
        for end in self.completion_format.end_ids:
            codes = codes.masked_fill(tokens == end, CODE[Ending.MALFORMED])
        codes = codes.masked_fill(tokens == self.completion_format.embed_id, CODE[Ending.EMBED])
        return codes.masked_fill(counts >= self.budget, CODE[Ending.LENGTH])


def extended(
    runs: Int[Tensor, "N S"],
    tokens: Int[Tensor, " N"],
    *,
    history: Int[Tensor, "N T"],
    starts: Int[Tensor, " N"],
    lengths: Int[Tensor, " N"],
) -> Int[Tensor, "N S"]:
    """For each size of a run, how many tokens in a row equal the one a run before them.

    A text ends in one run of s tokens, r times over, just if its last s (r - 1) tokens do.
    What a row wrote stands in `history` from `starts` up to `lengths`.
    """
    before = lengths[:, None] - run_sizes(tokens.device)
    within: Bool[Tensor, "N S"] = before >= starts[:, None]
    same = history.gather(1, before.clamp(min=0)) == tokens[:, None]
    return torch.where(within & same, runs + 1, 0)


def run_sizes(device: torch.device) -> Int[Tensor, " S"]:
    """How long the runs are that are looked for."""
    return torch.arange(2, SPAN + 1, device=device)
