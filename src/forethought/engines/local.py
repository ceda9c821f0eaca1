"""One prefill, three answers: the direct vector, a state a gate can read, a cache to go on from.

prompts ─ scheduler ─► prefill ─┬─► direct state, gate
└─► slots ─ step, step, step ─► closed rows
▲ rows enter     rows leave ┘
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float
from torch import Tensor
from transformers import DynamicCache

from forethought.backbones import QwenVL, collate
from forethought.engines.engine import Decide
from forethought.engines.request import Answer, Closed, Prefill, Thought
from forethought.engines.sampling import Sampling
from forethought.engines.scheduler import Limits, bucket
from forethought.engines.step import Manner, Writing
from forethought.errors import ModelError
from forethought.types import Grammar, Prompt


@dataclass(frozen=True, slots=True, eq=False)
class LocalEngine:
    """Runs prompts on one backbone in this process.

    `pad_id` fills the right of shorter prompts. Without a `grammar` nothing can be written.
    """

    backbone: QwenVL
    pad_id: int
    grammar: Grammar | None
    limits: Limits = field(default_factory=Limits)

    @torch.inference_mode()
    def run(
        self,
        prompts: Sequence[Prompt],
        *,
        decide: Decide,
        manner: Manner | None,
        samples: int = 1,
        seed: int | None = None,
        rows: int | None = None,
    ) -> Iterator[Answer]:
        """Answer every prompt; see `Engine.run`.

        Prompts are read in groups of like length, as rows become free; each is read once,
        whatever becomes of it. With `samples`, a prompt that is thought about writes as many
        rationales behind one prefill, each with a source of chance of its own made from
        `seed`, the prompt's place and the sample's number: what a row draws depends on no
        other row.
        """
        limits = self.limits if rows is None else replace(self.limits, rows=rows)
        groups = bucket([len(prompt.token_ids) for prompt in prompts], limits)
        desk = _Desk(samples)
        writing: Writing | None = None
        while groups or desk.waiting:
            free = limits.rows - (writing.open if writing else 0)
            if groups and (not desk.waiting or free >= limits.refill * limits.rows):
                room = max(1, free // samples)
                group, later = groups[0][:room], groups[0][room:]
                groups[:1] = [later] if later else []
                asked = [prompts[index] for index in group]
                prefill = self.prefill(asked, keep_cache=manner is not None)
                thinking, gates = decide(prefill, group)
                yield from desk.receive(group, prefill, rows=thinking, gates=gates)
                if thinking and manner:
                    # No more slots than there can be rows: they are made once, for the longest.
                    most = min(limits.rows, len(prompts) * samples)
                    writing = writing or self._writing(manner, capacity=most)
                    self._enter(writing, prefill, thinking, desk=desk, group=group, seed=seed)
            if writing and writing.open:
                yield from desk.hand_back(writing.step())

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Prompt], *, keep_cache: bool = True) -> Prefill:
        """Read every prompt in one pass.

        Raises:
            ValueError: if the prompts are of two formats.
        """
        spare = _spare(prompts)
        batch = collate(
            [prompt.token_ids for prompt in prompts],
            [prompt.pictures for prompt in prompts],
            side="right",
            marks=self.backbone.marks,
            pad_id=self.pad_id,
        ).to(self.backbone.device)
        cache = DynamicCache(config=self.backbone.network.config.text_config)
        hidden = self.backbone.read(batch, cache=cache if keep_cache else None)
        device = hidden.device
        every = torch.arange(len(prompts), device=device)
        read_at = torch.tensor([prompt.read_at for prompt in prompts], device=device)
        lengths = tuple(len(prompt.token_ids) - spare for prompt in prompts)
        ends = torch.tensor(lengths, device=device)
        written_on = torch.arange(hidden.shape[1], device=device)[None] < ends[:, None]
        # After the largest, not the last: a long video's clock may run ahead of the text.
        positions = batch.positions.amax(0).masked_fill(~written_on, -1)
        return Prefill(
            hidden[every, read_at], hidden[every, ends - 1], lengths, positions.amax(1) + 1, cache
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
    ) -> tuple[Float[Tensor, "R H"], tuple[Thought, ...]]:
        """Let some rows of a prefill write, and read each at its own embed token.

        A row that wrote `budget` tokens and none of them embeds, that ends its turn without
        one, or that repeats itself, has the embed token forced behind what it wrote.

        Raises:
            ModelError: if the family never writes.
        """
        writing = self._writing(Manner(budget, sampling), capacity=len(rows))
        writing.enter(prefill, rows, keys=range(len(rows)))
        closed: dict[int, Closed] = {}
        while writing.open:
            closed |= {row.key: row for row in writing.step(generator)}
        ordered = [closed[key] for key in range(len(rows))]
        return torch.stack([row.vector for row in ordered]), tuple(row.thought for row in ordered)

    def _writing(self, manner: Manner, *, capacity: int) -> Writing:
        if self.grammar is None:
            raise ModelError("this family writes no rationale; ask it with think='never'")
        return Writing(self.backbone, self.grammar, manner, capacity=capacity)

    def _enter(
        self,
        writing: Writing,
        prefill: Prefill,
        rows: Sequence[int],
        *,
        desk: "_Desk",
        group: Sequence[int],
        seed: int | None,
    ) -> None:
        wanted = [(row, number) for row in rows for number in range(desk.samples)]
        keys = [group[row] * desk.samples + number for row, number in wanted]
        generators = [
            None
            if seed is None
            else torch.Generator(self.backbone.device).manual_seed((seed * 1_000_003 + key) % 2**63)
            for key in keys
        ]
        writing.enter(prefill, [row for row, _ in wanted], keys=keys, generators=generators)


class _Desk:
    """Keeps what is known of a prompt until all of its samples are back."""

    def __init__(self, samples: int) -> None:
        self.samples = samples
        self._known: dict[int, tuple[Tensor, float]] = {}
        self._back: dict[int, dict[int, Closed]] = {}

    @property
    def waiting(self) -> int:
        """How many prompts are still being written about."""
        return len(self._known)

    def receive(
        self, group: Sequence[int], prefill: Prefill, *, rows: Sequence[int], gates: Sequence[float]
    ) -> Iterator[Answer]:
        """Note a group that was read; answer the prompts that are not thought about."""
        thinks = set(rows)
        for row, index in enumerate(group):
            if row in thinks:
                self._known[index] = (prefill.direct[row], gates[row])
            else:
                yield Answer(index, prefill.direct[row], gates[row], (), ())

    def hand_back(self, closed: Sequence[Closed]) -> Iterator[Answer]:
        """Take rows that closed; answer the prompts whose last one it was."""
        for row in closed:
            index, number = divmod(row.key, self.samples)
            back = self._back.setdefault(index, {})
            back[number] = row
            if len(back) == self.samples:
                direct, gate = self._known.pop(index)
                yield self._answer(index, direct, gate)

    def _answer(self, index: int, direct: Tensor, gate: float) -> Answer:
        back = self._back.pop(index)
        ordered = [back[number] for number in range(self.samples)]
        thoughts = tuple(row.thought for row in ordered)
        return Answer(index, direct, gate, thoughts, tuple(row.vector for row in ordered))


def _spare(prompts: Sequence[Prompt]) -> int:
    """How many tokens at the end of each prompt serve the direct vector alone."""
    counts = {len(prompt.token_ids) - prompt.write_at for prompt in prompts}
    if len(counts) > 1:
        raise ValueError(f"prompts of one batch must be of one format, got {sorted(counts)} spare")
    return counts.pop()
