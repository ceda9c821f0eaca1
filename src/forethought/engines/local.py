"""One prefill, three answers: the direct vector, a state a gate can read, a cache to go on from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import DynamicCache

from forethought.backbones import QwenVL, collate
from forethought.engines.sampling import Sampling, choose
from forethought.types import Ending, Prompt


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

    `embed_id` is the token whose state is the thought vector, `end_id` the one that ends a
    turn, `pad_id` fills the left of shorter prompts. No row ever writes a `forbidden` token:
    a picture's placeholder in a rationale would break every later read of it.
    """

    backbone: QwenVL
    embed_id: int
    end_id: int
    pad_id: int
    forbidden: tuple[int, ...]

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Prompt], *, keep_cache: bool = True) -> Prefill:
        """Read every prompt in one pass."""
        batch = collate(
            [prompt.token_ids for prompt in prompts],
            [prompt.pictures for prompt in prompts],
            side="left",
            image_id=self.backbone.image_id,
            pad_id=self.pad_id,
            merge_size=self.backbone.merge_size,
        ).to(self.backbone.device)
        cache = DynamicCache(config=self.backbone.network.config.text_config)
        hidden = self.backbone.read(batch, cache=cache if keep_cache else None)
        length = hidden.shape[1]
        read_at = torch.tensor([length - len(p.token_ids) + p.read_at for p in prompts])
        return Prefill(
            hidden[torch.arange(len(prompts)), read_at],
            hidden[:, -1],
            batch.mask,
            batch.positions[0, :, -1] + 1,
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

        A row that has not written the embed token within `budget` tokens, or that ends its
        turn without it, has it forced. The prefill's cache is used up.
        """
        writing = _Writing.start(prefill, torch.tensor(rows, device=prefill.mask.device))
        while writing.open:
            logits = self.backbone.logits(writing.last)
            logits[:, list(self.forbidden)] = -torch.inf
            token_ids = choose(logits, sampling, generator)
            writing.write(token_ids, budget=budget, embed_id=self.embed_id, end_id=self.end_id)
            hidden = writing.extend(self.backbone)
            writing.close(hidden, embed_id=self.embed_id)
        return writing.result()


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

    def write(
        self, token_ids: Int[Tensor, " B"], *, budget: int, embed_id: int, end_id: int
    ) -> None:
        """Note each open row's token; force the embed token where the row gave up on it."""
        for row, token in zip(self.rows, token_ids.tolist(), strict=True):
            if token == end_id:
                self.endings[row] = Ending.MALFORMED
            elif token != embed_id and len(self.written[row]) + 1 >= budget:
                self.endings[row] = Ending.LENGTH
            forced = self.endings[row] is not Ending.EMBED
            self.written[row].append(embed_id if forced else token)

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
            kept = torch.tensor(stay, device=hidden.device)
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
