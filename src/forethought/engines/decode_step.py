"""One pass over the rows that write: what is decided where the weights lie."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.decode_options import DecodeOptions, EarlyExit
from forethought.engines.prompt_lookup import prompt_lookup
from forethought.engines.row_state import NextTokens, RowState
from forethought.engines.sampling import choose
from forethought.engines.stopping import CODE, OPEN, StopCriteria, extended
from forethought.types import CompletionFormat, Ending


class DecodeStep:
    """Chooses, feeds and judges tokens, for all rows at once.

    Everything is done by tensors of fixed size and place, and nothing waits for the device:
    so a pass can be captured once and replayed.
    """

    def __init__(
        self, backbone: QwenVL, completion_format: CompletionFormat, decode_options: DecodeOptions
    ) -> None:
        self._backbone = backbone
        self._embed = completion_format.embed_id
        self._manner = decode_options
        self._judge = StopCriteria(completion_format, decode_options.budget, decode_options.repeats)
        # What every completion starts with, and one place more, which is never used.
        self._start = torch.tensor(
            (*completion_format.start, completion_format.embed_id), device=backbone.device
        )
        self._forbidden = torch.zeros(backbone.vocab_size, dtype=torch.bool, device=backbone.device)
        self._forbidden[list(completion_format.forbidden)] = True

    def advance(self, rows: RowState, slots: KVCache, *, width: int, looks: bool) -> None:
        """Write one token in each row, or more where guesses are right.

        With `looks`, rows whose turn it is are also read as if they embedded here.
        """
        chosen = self._choose(rows)
        rows.put(chosen, ~rows.done)
        lookahead = self._ahead(rows, looks=looks)
        fed = torch.cat([chosen.tokens[:, None], *lookahead], dim=1)
        window = slots.window(rows.lengths, count=fed.shape[1], width=width)
        hidden = self._backbone.extend(fed, positions=rows.positions, cache=window)
        agreed = ~rows.done
        rows.note(hidden[:, 0], agreed)
        if looks and self._manner.early_exit:
            self._early_exit(rows, hidden[:, 1], self._manner.early_exit)
            return
        for place, guessed in enumerate(fed.unbind(1)[1:], start=1):
            # A guess stands if it is what is chosen anyway: then its state is known already.
            chosen = self._choose(rows)
            agreed = agreed & ~rows.done & (chosen.tokens == guessed)
            rows.put(chosen, agreed)
            rows.note(hidden[:, place], agreed)

    def _ahead(self, rows: RowState, *, looks: bool) -> list[Int[Tensor, "N C"]]:
        """What is read behind the token that was chosen, if anything is."""
        if looks:
            return [torch.full_like(rows.lengths, self._embed)[:, None]]
        count = self._manner.speculative_tokens
        return [prompt_lookup(rows.history, rows.lengths, count=count)] if count else []

    def _choose(self, rows: RowState) -> NextTokens:
        """What each row writes next, and how it ends by that, if it does."""
        scores = self._backbone.logits(rows.last).masked_fill(self._forbidden, -torch.inf)
        counts = rows.lengths - rows.starts
        at = counts.clamp(max=rows.uniform_draws.shape[1] - 1)[:, None]
        tokens = choose(scores, self._manner.sampling, rows.uniform_draws.gather(1, at)[:, 0])
        forced = len(self._start) - 1
        tokens = torch.where(counts < forced, self._start[counts.clamp(max=forced)], tokens)
        runs = extended(rows.runs, tokens, **rows.written)
        codes = self._judge(tokens, counts, runs)
        return NextTokens(torch.where(codes == OPEN, tokens, self._embed), codes, runs)

    def _early_exit(
        self, rows: RowState, looked: Float[Tensor, "N H"], early_exit: EarlyExit
    ) -> None:
        """Close the rows whose vector has stopped moving."""
        due = ~rows.done & ((rows.lengths - rows.starts) % early_exit.every == 0)
        moved = 1 - F.cosine_similarity(looked.float(), rows.seen.float())
        early_exits = due & (moved < early_exit.within)
        rows.seen.copy_(torch.where(due[:, None], looked, rows.seen))
        embed = torch.full_like(rows.lengths, self._embed)
        codes = torch.full_like(embed, CODE[Ending.EARLY_EXIT])
        rows.put(NextTokens(embed, codes, rows.runs), early_exits)
        rows.note(looked, early_exits)
