"""One pass over the rows that write: what is decided where the weights lie."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import Slots
from forethought.engines.stopping import CODE, OPEN, Judge, extended
from forethought.engines.prompt_lookup import guess
from forethought.engines.decode_options import Manner, Settle
from forethought.engines.row_state import Chosen, Rows
from forethought.engines.sampling import choose
from forethought.types import Ending, Grammar


class Writer:
    """Chooses, feeds and judges tokens, for all rows at once.

    Everything is done by tensors of fixed size and place, and nothing waits for the device:
    so a pass can be captured once and replayed.
    """

    def __init__(self, backbone: QwenVL, grammar: Grammar, manner: Manner) -> None:
        self._backbone = backbone
        self._embed = grammar.embed_id
        self._manner = manner
        self._judge = Judge(grammar, manner.budget, manner.repeats)
        # What every completion starts with, and one place more, which is never used.
        self._start = torch.tensor((*grammar.start, grammar.embed_id), device=backbone.device)
        self._forbidden = torch.zeros(backbone.vocabulary, dtype=torch.bool, device=backbone.device)
        self._forbidden[list(grammar.forbidden)] = True

    def advance(self, rows: Rows, slots: Slots, *, width: int, looks: bool) -> None:
        """Write one token in each row, or more where guesses are right.

        With `looks`, rows whose turn it is are also read as if they embedded here.
        """
        chosen = self._choose(rows)
        rows.put(chosen, ~rows.done)
        ahead = self._ahead(rows, looks=looks)
        fed = torch.cat([chosen.tokens[:, None], *ahead], dim=1)
        window = slots.window(rows.lengths, count=fed.shape[1], width=width)
        hidden = self._backbone.extend(fed, positions=rows.positions, cache=window)
        agreed = ~rows.done
        rows.note(hidden[:, 0], agreed)
        if looks and self._manner.settle:
            self._settle(rows, hidden[:, 1], self._manner.settle)
            return
        for place, guessed in enumerate(fed.unbind(1)[1:], start=1):
            # A guess stands if it is what is chosen anyway: then its state is known already.
            chosen = self._choose(rows)
            agreed = agreed & ~rows.done & (chosen.tokens == guessed)
            rows.put(chosen, agreed)
            rows.note(hidden[:, place], agreed)

    def _ahead(self, rows: Rows, *, looks: bool) -> list[Int[Tensor, "N C"]]:
        """What is read behind the token that was chosen, if anything is."""
        if looks:
            return [torch.full_like(rows.lengths, self._embed)[:, None]]
        count = self._manner.guesses
        return [guess(rows.history, rows.lengths, count=count)] if count else []

    def _choose(self, rows: Rows) -> Chosen:
        """What each row writes next, and how it ends by that, if it does."""
        scores = self._backbone.logits(rows.last).masked_fill(self._forbidden, -torch.inf)
        counts = rows.lengths - rows.starts
        at = counts.clamp(max=rows.chances.shape[1] - 1)[:, None]
        tokens = choose(scores, self._manner.sampling, rows.chances.gather(1, at)[:, 0])
        forced = len(self._start) - 1
        tokens = torch.where(counts < forced, self._start[counts.clamp(max=forced)], tokens)
        runs = extended(rows.runs, tokens, **rows.written)
        codes = self._judge(tokens, counts, runs)
        return Chosen(torch.where(codes == OPEN, tokens, self._embed), codes, runs)

    def _settle(self, rows: Rows, looked: Float[Tensor, "N H"], settle: Settle) -> None:
        """Close the rows whose vector has stopped moving."""
        due = ~rows.done & ((rows.lengths - rows.starts) % settle.every == 0)
        moved = 1 - F.cosine_similarity(looked.float(), rows.seen.float())
        settles = due & (moved < settle.within)
        rows.seen.copy_(torch.where(due[:, None], looked, rows.seen))
        embed = torch.full_like(rows.lengths, self._embed)
        codes = torch.full_like(embed, CODE[Ending.SETTLED])
        rows.put(Chosen(embed, codes, rows.runs), settles)
        rows.note(looked, settles)
