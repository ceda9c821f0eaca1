"""One prefill, three answers: the direct vector, a state a gate can read, a cache to go on from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import DynamicCache

from forethought.backbones import QwenVL, collate
from forethought.engines.sampling import Sampling, choose
from forethought.errors import ModelError
from forethought.types import Ending, Grammar, Prompt


@dataclass(frozen=True, slots=True)
class Thought:
    """What one row wrote: its tokens, the embed token last, and how it ended."""

    token_ids: tuple[int, ...]
    ending: Ending


@dataclass(frozen=True, slots=True, eq=False)
class Prefill:
    """Prompts that were read once.

    `direct` holds the state at each prompt's direct embed token, `last` the state that
    predicts its first completion token, `cache` everything else that writing needs.
    """

    direct: Float[Tensor, "B H"]
    last: Float[Tensor, "B H"]
    mask: Int[Tensor, "B T"]
    next_position: Int[Tensor, " B"]
    cache: DynamicCache


@dataclass(frozen=True, slots=True, eq=False)
class LocalEngine:
    """Runs prompts on one backbone in this process.

    `pad_id` fills the left of shorter prompts. Without a `grammar` nothing can be written.
    """

    backbone: QwenVL
    pad_id: int
    grammar: Grammar | None

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
            side="left",
            marks=self.backbone.marks,
            pad_id=self.pad_id,
        ).to(self.backbone.device)
        cache = DynamicCache(config=self.backbone.network.config.text_config)
        hidden = self.backbone.read(batch, cache=cache if keep_cache else None)
        length = hidden.shape[1]
        read_at = torch.tensor([length - len(p.token_ids) + p.read_at for p in prompts])
        if keep_cache and spare:
            cache.crop(-spare)
        kept = slice(0, length - spare)
        return Prefill(
            hidden[torch.arange(len(prompts)), read_at],
            hidden[:, kept][:, -1],
            batch.mask[:, kept],
            # After the largest, not the last: a long video's clock may run ahead of the text.
            batch.positions[:, :, kept].amax((0, 2)) + 1,
            cache,
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

        A row that wrote `budget` tokens and none of them embeds, or that ends its turn
        without one, has the embed token forced behind them. The prefill's cache is used up.

        Raises:
            ModelError: if the family never writes.
        """
        grammar = self.grammar
        if grammar is None:
            raise ModelError("this family writes no rationale; ask it with think='never'")
        writing = _Writing.start(prefill, torch.tensor(rows))
        while writing.open:
            step = len(writing.written[writing.rows[0]])
            if step < len(grammar.start):
                token_ids = writing.mask.new_full((len(writing.rows),), grammar.start[step])
            else:
                logits = self.backbone.logits(writing.last)
                logits[:, list(grammar.forbidden)] = -torch.inf
                token_ids = choose(logits, sampling, generator)
            writing.write(token_ids, budget=budget, grammar=grammar)
            hidden = writing.extend(self.backbone)
            writing.close(hidden, embed_id=grammar.embed_id)
        return writing.result()


def _spare(prompts: Sequence[Prompt]) -> int:
    """How many tokens at the end of each prompt serve the direct vector alone."""
    counts = {len(prompt.token_ids) - prompt.write_at for prompt in prompts}
    if len(counts) > 1:
        raise ValueError(f"prompts of one batch must be of one format, got {sorted(counts)} spare")
    return counts.pop()


@dataclass(slots=True, eq=False)
class _Writing:
    """The rows still open, in step; a closed row leaves the batch at once."""

    rows: list[int]
    last: Float[Tensor, "B H"]
    mask: Int[Tensor, "B T"]
    position: Int[Tensor, " B"]
    cache: DynamicCache
    written: list[list[int]]
    vectors: list[Tensor | None]
    endings: list[Ending] = field(default_factory=list)

    @classmethod
    def start(cls, prefill: Prefill, rows: Int[Tensor, " R"]) -> "_Writing":
        prefill.cache.batch_select_indices(rows)
        return cls(
            rows=list(range(len(rows))),
            last=prefill.last[rows],
            mask=prefill.mask[rows],
            position=prefill.next_position[rows],
            cache=prefill.cache,
            written=[[] for _ in rows],
            vectors=[None] * len(rows),
            endings=[Ending.EMBED] * len(rows),
        )

    @property
    def open(self) -> bool:
        return bool(self.rows)

    def write(self, token_ids: Int[Tensor, " B"], *, budget: int, grammar: Grammar) -> None:
        """Note each open row's token; force the embed token where the row gave up on it."""
        for row, token in zip(self.rows, token_ids.tolist(), strict=True):
            if len(self.written[row]) >= budget:
                self.endings[row] = Ending.LENGTH
            elif token in grammar.end_ids:
                self.endings[row] = Ending.MALFORMED
            forced = self.endings[row] is not Ending.EMBED
            self.written[row].append(grammar.embed_id if forced else token)

    def extend(self, backbone: QwenVL) -> Float[Tensor, "B H"]:
        """Feed every open row the token it wrote."""
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(self.rows), 1)], dim=1)
        token_ids = self.mask.new_tensor([[self.written[row][-1]] for row in self.rows])
        hidden = backbone.extend(
            token_ids, mask=self.mask, positions=self.position, cache=self.cache
        )
        self.position = self.position + 1
        return hidden

    def close(self, hidden: Float[Tensor, "B H"], *, embed_id: int) -> None:
        """Read the rows that just fed their embed token and let them leave."""
        stay = []
        for index, row in enumerate(self.rows):
            if self.written[row][-1] == embed_id:
                self.vectors[row] = hidden[index]
            else:
                stay.append(index)
        if len(stay) == len(self.rows):
            self.last = hidden
            return
        self.rows = [self.rows[index] for index in stay]
        if stay:
            # On the CPU, where indices serve every device that layers may lie on.
            kept = torch.tensor(stay)
            self.last, self.mask = hidden[kept], self.mask[kept]
            self.position = self.position[kept]
            self.cache.batch_select_indices(kept)

    def result(self) -> tuple[Float[Tensor, "R H"], tuple[Thought, ...]]:
        vectors = torch.stack([vector for vector in self.vectors if vector is not None])
        thoughts = tuple(
            Thought(tuple(ids), ending)
            for ids, ending in zip(self.written, self.endings, strict=True)
        )
        return vectors, thoughts
