"""The engine of this process: continuous batching behind one prefill a prompt.

prompts ─ queue ─► prefill ─┬─► direct state, gate
                            └─► KV cache ─ step, step, step ─► finished rows
                                  ▲ rows enter       rows leave ┘
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.cache_reuse import CacheReuse
from forethought.engines.decode_batch import DecodeBatch, max_row_length
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.device_memory import row_bytes, rows_that_fit
from forethought.engines.engine import Decide
from forethought.engines.graphs import WIDTH_MULTIPLE
from forethought.engines.local_run import LocalRun
from forethought.engines.prefill import Prefill, run_prefill
from forethought.engines.request import Completion, FinishedRow, PendingRequests, RequestOutput
from forethought.engines.sampling import Sampling
from forethought.engines.scheduler import Limits, Queue
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Prompt


@dataclass(frozen=True, slots=True, eq=False)
class LocalEngine:
    """Runs prompts on one backbone in this process.

    `pad_id` pads shorter prompts on the right. Without a `completion_format` nothing can be
    decoded.
    """

    backbone: QwenVL
    pad_id: int
    completion_format: CompletionFormat | None
    limits: Limits = field(default_factory=Limits)
    _reuse: CacheReuse = field(default_factory=CacheReuse, init=False, repr=False)

    @torch.inference_mode()
    def run(
        self,
        prompts: Sequence[Prompt],
        *,
        decide: Decide,
        decode_options: DecodeOptions | None,
        samples: int = 1,
        seed: int | None = None,
        rows: int | None = None,
        cancelled: Collection[int] = (),
    ) -> Iterator[RequestOutput]:
        """Run every prompt; see `Engine.run`.

        Groups of prompts of similar length are prefilled as rows become free, each prompt once.
        The `samples` of a prompt share its prefill. Their draws come from `seed`, the prompt's
        index and the sample's number, so they depend on no other row.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        limits = self.limits if rows is None else replace(self.limits, rows=rows)
        requested = max(samples, min(limits.rows, len(prompts) * samples))
        batch = None
        if decode_options and prompts:
            longest = max(len(prompt.prefix_ids) for prompt in prompts)
            batch = self._decode_batch(
                decode_options, longest=longest, rows=requested, least=samples
            )
        max_rows = min(requested, batch.capacity) if batch else requested
        run = LocalRun(
            prompts=prompts,
            run_group=partial(self.prefill, keep_cache=batch is not None),
            choose_rows=decide,
            queue=Queue([len(prompt.token_ids) for prompt in prompts], limits),
            pending=PendingRequests(samples),
            batch=batch,
            max_rows=max_rows,
            min_free=max(float(samples), limits.refill * max_rows),
            samples=samples,
            seed=seed,
            cancelled=cancelled,
        )
        while run.is_unfinished:
            yield from run.decide(run.prefill(run.admit()))
            yield from run.hand_back(run.step())
        self._store(batch, requested=requested)

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Prompt], *, keep_cache: bool = True) -> Prefill:
        """Run every prompt in one batch.

        Raises:
            ValueError: if the prompts are of two formats.
        """
        return run_prefill(self.backbone, prompts, pad_id=self.pad_id, keep_cache=keep_cache)

    @torch.inference_mode()
    def generate(
        self,
        prefill: Prefill,
        rows: Sequence[int],
        *,
        budget: int,
        sampling: Sampling,
        generator: torch.Generator | None = None,
    ) -> tuple[Float[Tensor, "R H"], tuple[Completion, ...]]:
        """Decode some rows of a prefill; the hidden state at each embed token, and the tokens.

        Raises:
            ModelError: if the family writes no rationale.
        """
        options = DecodeOptions(budget, sampling)
        longest = max(prefill.lengths)
        batch = self._decode_batch(options, longest=longest, rows=len(rows), least=len(rows))
        uniform_draws = None
        if sampling.temperature:
            device = generator.device if generator else "cpu"
            uniform_draws = torch.rand(len(rows), budget, generator=generator, device=device)
        batch.insert(prefill, rows, keys=range(len(rows)), uniform_draws=uniform_draws)
        finished: dict[int, FinishedRow] = {}
        while batch.active:
            finished |= {row.key: row for row in batch.step()}
        self._store(batch, requested=len(rows))
        ordered = [finished[key] for key in range(len(rows))]
        return torch.stack([row.vector for row in ordered]), tuple(
            row.completion for row in ordered
        )

    def free_cache(self) -> None:
        """Free the KV cache and graphs that are stored for the next run, on a GPU."""
        self._reuse.clear()

    def _decode_batch(
        self, options: DecodeOptions, *, longest: int, rows: int, least: int
    ) -> DecodeBatch:
        """The last run's batch if it fits, else a new one, of `least` rows or more."""
        if self.completion_format is None:
            raise ModelError("this family writes no rationale; use think='never'")
        rows, length = max(least, rows), max_row_length(longest, options)
        if self.backbone.device.type == "cuda":
            # Graphs are captured for whole multiples, and longer prompts may follow.
            length = -(-length // WIDTH_MULTIPLE) * WIDTH_MULTIPLE
        stored = self._reuse.take(self.backbone, options, rows=rows, length=length)
        if stored and stored.capacity >= least:
            return stored
        # Freed before the available memory is measured.
        del stored
        row = row_bytes(self.backbone, length=length, dtype=self.limits.cache)
        fitting = rows_that_fit(self.backbone.device, rows=rows, row=row)
        if fitting < least:
            raise ModelError(
                f"no memory for the keys and values of {least} rows of {length} tokens "
                f"({least * row / 2**20:.0f} MiB): lower the budget, request fewer samples, "
                "shorten the inputs, or free memory"
            )
        cache = KVCache(fitting, length, dtype=self.limits.cache)
        return DecodeBatch(self.backbone, self.completion_format, options, cache=cache)

    def _store(self, batch: DecodeBatch | None, *, requested: int) -> None:
        """Store a batch for the next run if it may have graphs; else there is nothing to gain."""
        if batch and not batch.active and self.backbone.device.type == "cuda":
            self._reuse.put(batch, self.backbone, requested=max(requested, batch.capacity))
