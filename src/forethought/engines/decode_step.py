"""One forward pass over the rows that decode: choose a token, stop or go on, run it."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.decode_options import DecodeOptions, EarlyExit
from forethought.engines.decode_state import DecodeState, NextTokens
from forethought.engines.prompt_lookup import prompt_lookup
from forethought.engines.sampling import sample
from forethought.engines.stopping import (
    ENDING_CODES,
    RUNNING,
    StopCriteria,
    update_repeat_counts,
)
from forethought.types import CompletionFormat, Ending


class DecodeStep:
    """Chooses and runs the next token of all rows at once.

    Works on tensors of fixed size and address and never waits for the device, so that a step
    can be captured in a CUDA graph.
    """

    def __init__(
        self, backbone: QwenVL, completion_format: CompletionFormat, options: DecodeOptions
    ) -> None:
        self._backbone = backbone
        self._embed_id = completion_format.embed_id
        self._options = options
        self._stop = StopCriteria(completion_format, options.budget, options.repeats)
        # The forced first tokens, and one entry more, so that an index is always in range.
        self._start = torch.tensor(
            (*completion_format.start, completion_format.embed_id), device=backbone.device
        )
        self._forbidden = torch.zeros(backbone.vocab_size, dtype=torch.bool, device=backbone.device)
        self._forbidden[list(completion_format.forbidden)] = True

    def run(self, state: DecodeState, cache: KVCache, *, width: int, probe: bool) -> None:
        """Decode one token in each row, or more where draft tokens are right.

        With `probe`, the embed token is run behind it, and rows whose turn it is may exit early.
        """
        chosen = self._choose(state)
        state.append(chosen, ~state.done)
        drafts = self._drafts(state, probe=probe)
        token_ids = torch.cat([chosen.token_ids[:, None], *drafts], dim=1)
        view = cache.view(state.lengths, count=token_ids.shape[1], width=width)
        hidden = self._backbone.extend(token_ids, positions=state.positions, cache=view)
        accepted = ~state.done
        state.advance(hidden[:, 0], accepted)
        if probe and self._options.early_exit:
            self._exit_early(state, hidden[:, 1], self._options.early_exit)
            return
        for index, draft in enumerate(token_ids.unbind(1)[1:], start=1):
            # A draft that equals the chosen token is accepted: its hidden state is there already.
            chosen = self._choose(state)
            accepted = accepted & ~state.done & (chosen.token_ids == draft)
            state.append(chosen, accepted)
            state.advance(hidden[:, index], accepted)

    def _drafts(self, state: DecodeState, *, probe: bool) -> list[Int[Tensor, "N C"]]:
        """The tokens that are run behind the chosen one, if any."""
        if probe:
            return [torch.full_like(state.lengths, self._embed_id)[:, None]]
        count = self._options.speculative_tokens
        return [prompt_lookup(state.token_ids, state.lengths, count=count)] if count else []

    def _choose(self, state: DecodeState) -> NextTokens:
        """The next token of each row, and how the row ends with it, if it does."""
        logits = self._backbone.logits(state.last).masked_fill(self._forbidden, -torch.inf)
        num_decoded = state.lengths - state.starts
        draw = num_decoded.clamp(max=state.uniform_draws.shape[1] - 1)[:, None]
        token_ids = sample(
            logits, self._options.sampling, state.uniform_draws.gather(1, draw)[:, 0]
        )
        num_forced = len(self._start) - 1
        forced = self._start[num_decoded.clamp(max=num_forced)]
        token_ids = torch.where(num_decoded < num_forced, forced, token_ids)
        repeat_counts = update_repeat_counts(
            state.repeat_counts,
            token_ids,
            token_ids=state.token_ids,
            starts=state.starts,
            lengths=state.lengths,
        )
        endings = self._stop(token_ids, num_decoded, repeat_counts)
        token_ids = torch.where(endings == RUNNING, token_ids, self._embed_id)
        return NextTokens(token_ids, endings, repeat_counts)

    def _exit_early(
        self, state: DecodeState, probes: Float[Tensor, "N H"], early_exit: EarlyExit
    ) -> None:
        """End the rows whose vector no longer changes."""
        due = ~state.done & ((state.lengths - state.starts) % early_exit.every == 0)
        distance = 1 - F.cosine_similarity(probes.float(), state.probes.float())
        exits = due & (distance < early_exit.within)
        state.probes.copy_(torch.where(due[:, None], probes, state.probes))
        token_ids = torch.full_like(state.lengths, self._embed_id)
        endings = torch.full_like(token_ids, ENDING_CODES[Ending.EARLY_EXIT])
        state.append(NextTokens(token_ids, endings, state.repeat_counts), exits)
        state.advance(probes, exits)
