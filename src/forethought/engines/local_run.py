"""The parts of `LocalEngine.run`: admit, prefill, decide, step, hand back."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from forethought.engines.decode_batch import DecodeBatch
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.device_memory import is_out_of_memory
from forethought.engines.engine import Decide
from forethought.engines.prefill import Prefill
from forethought.engines.request import FinishedRow, PendingRequests, RequestOutput
from forethought.engines.scheduler import Queue
from forethought.errors import ModelError
from forethought.types import Prompt


@dataclass(frozen=True, slots=True, eq=False)
class PrefilledGroup:
    """A group of prompts, by index, and its prefill."""

    group: Sequence[int]
    prefill: Prefill


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LocalRun:
    """The state of one run, and the parts of its loop in their order.

    `batch` is None where nothing may decode. A group is admitted when `min_free` of `max_rows`
    rows are free.
    """

    prompts: Sequence[Prompt]
    run_group: Callable[[Sequence[Prompt]], Prefill]
    choose_rows: Decide
    queue: Queue
    pending: PendingRequests
    batch: DecodeBatch | None
    max_rows: int
    min_free: float
    samples: int
    seed: int | None
    cancelled: Collection[int]

    @property
    def is_unfinished(self) -> bool:
        """Whether prompts wait for their prefill or for their rows."""
        return bool(self.queue or self.pending)

    def admit(self) -> list[int]:
        """Take the next group from the queue; empty while too few rows are free."""
        free = self.max_rows - (self.batch.active if self.batch else 0)
        while self.queue and (not self.pending or free >= self.min_free):
            taken = self.queue.take(free // self.samples)
            group = [index for index in taken if index not in self.cancelled]
            if group:
                return group
        return []

    def prefill(self, group: Sequence[int]) -> PrefilledGroup | None:
        """Run a group; one too large for memory returns to the queue in halves for another try."""
        while group:
            prefill = self._try_prefill(group)
            if prefill is not None:
                return PrefilledGroup(group, prefill)
            self.queue.put_back(group)
            torch.cuda.empty_cache()
            group = self.admit()
        return None

    def decide(self, prefilled: PrefilledGroup | None) -> Iterator[RequestOutput]:
        """Insert the rows that decode into the batch; yield the outputs of the other prompts.

        The batch copies the keys and values, so the prefill's are freed before the next step.
        """
        if prefilled is None:
            return
        group, prefill = prefilled.group, prefilled.prefill
        rows, gates = self.choose_rows(prefill, group)
        rows = rows if self.batch else ()
        yield from self.pending.add(group, prefill, rows=rows, gates=gates)
        if rows and self.batch:
            keys = [group[row] * self.samples + n for row in rows for n in range(self.samples)]
            copies = [row for row in rows for _ in range(self.samples)]
            draws = self._uniform_draws(keys, self.batch.options)
            self.batch.insert(prefill, copies, keys=keys, uniform_draws=draws)

    def step(self) -> list[FinishedRow]:
        """Remove the rows of cancelled prompts; decode a token in the others."""
        if self.batch is None:
            return []
        self.batch.cancel(self.pending.cancel(self.cancelled))
        return self.batch.step() if self.batch.active else []

    def hand_back(self, rows: Sequence[FinishedRow]) -> Iterator[RequestOutput]:
        """Yield the outputs of prompts whose last row is finished."""
        return self.pending.finish(rows)

    def _try_prefill(self, group: Sequence[int]) -> Prefill | None:
        """Run a group; None if memory is too small for it.

        Raises:
            ModelError: if it is a single prompt.
        """
        prompts = [self.prompts[index] for index in group]
        try:
            return self.run_group(prompts)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            if len(group) == 1:
                raise ModelError(_too_long(prompts[0], group[0])) from None
        return None

    def _uniform_draws(
        self, keys: Sequence[int], options: DecodeOptions
    ) -> Float[Tensor, "N B"] | None:
        if not options.sampling.temperature:
            return None
        seeds = (
            None if self.seed is None else (self.seed, *divmod(key, self.samples)) for key in keys
        )
        return torch.stack([_uniform(words, options.budget) for words in seeds])


def _uniform(seeds: tuple[int, ...] | None, count: int) -> Float[Tensor, " B"]:
    """Draws in [0, 1), the same for the same seeds; without seeds from torch's generator."""
    if seeds is None:
        return torch.rand(count)
    draws = np.random.default_rng([seed % 2**63 for seed in seeds]).random(count, np.float32)
    return torch.from_numpy(draws)


def _too_long(prompt: Prompt, index: int) -> str:
    pictures = f" with {len(prompt.pictures)} pictures" if prompt.pictures else ""
    return (
        f"prompt {index}, of {len(prompt.token_ids)} tokens{pictures}, does not fit into memory by "
        "itself: shorten it, use smaller pictures, or free memory"
    )
