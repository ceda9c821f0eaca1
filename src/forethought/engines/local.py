"""One prefill, three answers: the direct vector, a state a gate can read, a cache to go on from.

prompts ─ scheduler ─► prefill ─┬─► direct state, gate
                                └─► slots ─ step, step, step ─► closed rows
                                      ▲ rows enter      rows leave ┘
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from forethought.backbones import QwenVL, collate
from forethought.engines.cache import KVCache, cache_of_one_pass
from forethought.engines.cache_reuse import CacheReuse
from forethought.engines.decode_batch import DecodeBatch, room_for
from forethought.engines.decode_options import DecodeOptions
from forethought.engines.engine import Decide
from forethought.engines.graphs import PLACES
from forethought.engines.memory import fits, is_out_of_memory, row_bytes
from forethought.engines.pending import PendingRequests
from forethought.engines.request import Completion, FinishedRow, Prefill, RequestOutput
from forethought.engines.sampling import Sampling
from forethought.engines.scheduler import Limits, Queue
from forethought.errors import ModelError
from forethought.types import CompletionFormat, Prompt


@dataclass(frozen=True, slots=True, eq=False)
class LocalEngine:
    """Runs prompts on one backbone in this process.

    `pad_id` fills the right of shorter prompts. Without a `completion_format` nothing can be written.
    """

    backbone: QwenVL
    pad_id: int
    completion_format: CompletionFormat | None
    limits: Limits = field(default_factory=Limits)
    _spare: CacheReuse = field(default_factory=CacheReuse, init=False, repr=False)

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
        dropped: Collection[int] = (),
    ) -> Iterator[RequestOutput]:
        """Answer every prompt; see `Engine.run`.

        Prompts are read in groups of like length, as rows become free; each is read once,
        whatever becomes of it. With `samples`, a prompt that is thought about writes as many
        rationales behind one prefill, each drawn by numbers of its own, made from `seed`, the
        prompt's place and the sample's number: what a row draws depends on no other row.
        """
        if samples < 1:
            raise ValueError(f"samples must be at least 1, got {samples}")
        limits = self.limits if rows is None else replace(self.limits, rows=rows)
        queue = Queue([len(prompt.token_ids) for prompt in prompts], limits)
        pending = PendingRequests(samples)
        writing = None
        # No more slots than there can be rows.
        asked = most = max(samples, min(limits.rows, len(prompts) * samples))
        if decode_options and prompts:
            longest = max(len(prompt.prefix_ids) for prompt in prompts)
            writing = self._writing(decode_options, longest=longest, rows=asked, least=samples)
            most = min(asked, writing.rows)
        while queue or pending:
            free = most - (writing.open if writing else 0)
            if queue and (not pending or free >= max(samples, limits.refill * most)):
                group = [index for index in queue.take(free // samples) if index not in dropped]
                prefill = self._try(prompts, group, queue, keep_cache=decode_options is not None)
                if prefill is None:
                    continue
                thinking, gates = decide(prefill, group)
                thinking = thinking if writing else ()
                yield from pending.receive(group, prefill, rows=thinking, gates=gates)
                if thinking and writing:
                    _enter(writing, prefill, thinking, group=group, samples=samples, seed=seed)
                # Its rows are copied: it must not stand beside them while they write.
                del prefill
            if writing:
                writing.drop(pending.drop(dropped))
                yield from pending.hand_back(writing.step() if writing.open else ())
        self._put_by(writing, asked=asked)

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Prompt], *, keep_cache: bool = True) -> Prefill:
        """Read every prompt in one pass.

        Raises:
            ValueError: if the prompts are of two formats.
        """
        _check_formats(prompts)
        batch = collate(
            [prompt.token_ids for prompt in prompts],
            [prompt.pictures for prompt in prompts],
            side="right",
            placeholders=self.backbone.placeholders,
            pad_id=self.pad_id,
        ).to(self.backbone.device)
        layers = self.backbone.network.config.text_config.num_hidden_layers
        cache = cache_of_one_pass(layers) if keep_cache else None
        hidden = self.backbone.hidden_states(batch, cache=cache)
        device = hidden.device
        every = torch.arange(len(prompts), device=device)
        read_at = torch.tensor([prompt.read_at for prompt in prompts], device=device)
        token_ids = tuple(prompt.prefix_ids for prompt in prompts)
        ends = torch.tensor([len(ids) for ids in token_ids], device=device)
        prefix_ids = torch.arange(hidden.shape[1], device=device)[None] < ends[:, None]
        # After the largest, not the last: a long video's clock may run ahead of the text.
        positions = batch.positions.amax(0).masked_fill(~prefix_ids, -1)
        return Prefill(
            token_ids=token_ids,
            direct=hidden[every, read_at],
            last=hidden[every, ends - 1],
            next_position=positions.amax(1) + 1,
            cache=cache,
        )

    @torch.inference_mode()
    def think(
        self,
        prefill: Prefill,
        rows: Sequence[int],
        *,
        budget: int,
        sampling: Sampling,
        generator: torch.Generator | None = None,
    ) -> tuple[Float[Tensor, "R H"], tuple[Completion, ...]]:
        """Let some rows of a prefill write, and read each at its own embed token.

        A row that wrote `budget` tokens and none of them embeds, that ends its turn without
        one, or that repeats itself, has the embed token forced behind what it wrote.

        Raises:
            ModelError: if the family never writes.
        """
        decode_options = DecodeOptions(budget, sampling)
        longest = max(prefill.lengths)
        writing = self._writing(decode_options, longest=longest, rows=len(rows), least=len(rows))
        uniform_draws = None
        if sampling.temperature:
            device = generator.device if generator else "cpu"
            uniform_draws = torch.rand(len(rows), budget, generator=generator, device=device)
        writing.enter(prefill, rows, keys=range(len(rows)), uniform_draws=uniform_draws)
        closed: dict[int, FinishedRow] = {}
        while writing.open:
            closed |= {row.key: row for row in writing.step()}
        self._put_by(writing, asked=len(rows))
        ordered = [closed[key] for key in range(len(rows))]
        return torch.stack([row.vector for row in ordered]), tuple(row.thought for row in ordered)

    def forget(self) -> None:
        """Let go of the room that is kept for the next run, on a GPU; the next makes its own."""
        self._spare.forget()

    def _try(
        self, prompts: Sequence[Prompt], group: Sequence[int], queue: Queue, *, keep_cache: bool
    ) -> Prefill | None:
        """Read a group; one that memory is too small for goes back to the queue in halves."""
        if not group:
            return None
        try:
            return self.prefill([prompts[index] for index in group], keep_cache=keep_cache)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            if len(group) == 1:
                raise ModelError(_too_long(prompts[group[0]], group[0])) from None
        queue.put_back(group)
        if self.backbone.device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _writing(
        self, decode_options: DecodeOptions, *, longest: int, rows: int, least: int
    ) -> DecodeBatch:
        """Room for rows to write in: what was put by, if it will do, or as much as fits."""
        if self.completion_format is None:
            raise ModelError("this family writes no rationale; ask it with think='never'")
        rows, room = max(least, rows), room_for(longest, decode_options)
        if self.backbone.device.type == "cuda":
            # Graphs and kernels are made for whole widths; and the next run's prompts may fit too.
            room = -(-room // PLACES) * PLACES
        spare = self._spare.take(self.backbone, decode_options, rows=rows, room=room)
        if spare and spare.rows >= least:
            return spare
        # What was put by and will not do must not be held while it is counted what is free.
        del spare
        row = row_bytes(self.backbone, room=room, precision=self.limits.cache)
        fit = fits(self.backbone.device, rows=rows, row=row)
        if fit < least:
            raise ModelError(
                f"no memory for the keys and values of {least} rows of {room} tokens "
                f"({least * row / 2**20:.0f} MiB): lower the budget, ask for fewer samples, "
                "shorten the inputs, or free memory"
            )
        slots = KVCache(fit, room, precision=self.limits.cache)
        return DecodeBatch(self.backbone, self.completion_format, decode_options, slots=slots)

    def _put_by(self, writing: DecodeBatch | None, *, asked: int) -> None:
        """Keep what graphs were captured for; without graphs there is nothing to gain."""
        if writing and not writing.open and self.backbone.device.type == "cuda":
            self._spare.put(writing, self.backbone, asked=max(asked, writing.rows))


def _enter(
    writing: DecodeBatch,
    prefill: Prefill,
    rows: Sequence[int],
    *,
    group: Sequence[int],
    samples: int,
    seed: int | None,
) -> None:
    keys = [group[row] * samples + number for row in rows for number in range(samples)]
    uniform_draws = None
    if writing.decode_options.sampling.temperature:
        seeds = (None if seed is None else (seed, *divmod(key, samples)) for key in keys)
        uniform_draws = torch.stack([_chances(own, writing.decode_options.budget) for own in seeds])
    copies = [row for row in rows for _ in range(samples)]
    writing.enter(prefill, copies, keys=keys, uniform_draws=uniform_draws)


def _chances(seeds: tuple[int, ...] | None, count: int) -> Float[Tensor, " B"]:
    """The numbers that draw a row's tokens; the same for the same seeds."""
    if seeds is None:
        return torch.rand(count)
    drawn = np.random.default_rng([seed % 2**63 for seed in seeds]).random(count, np.float32)
    return torch.from_numpy(drawn)


def _too_long(prompt: Prompt, index: int) -> str:
    shown = f" with {len(prompt.pictures)} pictures" if prompt.pictures else ""
    return (
        f"prompt {index}, of {len(prompt.token_ids)} tokens{shown}, does not fit into memory by "
        "itself: shorten it, show smaller pictures, or free memory"
    )


def _check_formats(prompts: Sequence[Prompt]) -> None:
    """Refuse prompts of one batch whose direct vectors are served by different tokens."""
    counts = {len(prompt.token_ids) - prompt.write_at for prompt in prompts}
    if len(counts) > 1:
        raise ValueError(f"prompts of one batch must be of one format, got {sorted(counts)} spare")
