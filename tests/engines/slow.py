"""The engine's rules without batching or cache: the expected output of every schedule.

For every token the stock network runs the whole sequence of one prompt from its beginning.
Nothing here is shared with the engine.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from forethought.types import CompletionFormat, Ending, Patches, Prompt

MAX_PATTERN = 16
Sequence = tuple[Prompt, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class LastToken:
    """The hidden state at the last token of a sequence, and the logits of the next."""

    state: Tensor
    logits: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """The completion of one prompt, how it ends, and the state at its embed token."""

    token_ids: tuple[int, ...]
    ending: Ending
    vector: Tensor


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SlowEngine:
    """Runs a stock network; results are cached, as each takes long."""

    network: Any
    completion_format: CompletionFormat
    _runs: dict[Sequence, LastToken] = field(default_factory=dict)
    _direct: dict[Prompt, Tensor] = field(default_factory=dict)

    def direct(self, prompt: Prompt) -> Tensor:
        """The hidden state at the direct embed token."""
        if prompt not in self._direct:
            states, _ = run(self.network, prompt, prompt.token_ids)
            self._direct[prompt] = states[prompt.read_at]
        return self._direct[prompt]

    def last_token(self, prompt: Prompt, decoded: tuple[int, ...]) -> LastToken:
        """Run the prompt and what was decoded behind it."""
        if (prompt, decoded) not in self._runs:
            states, logits = run(self.network, prompt, prompt.prefix_ids, decoded)
            self._runs[prompt, decoded] = LastToken(states[-1], logits)
        return self._runs[prompt, decoded]

    def logits(self, prompt: Prompt, decoded: tuple[int, ...]) -> Tensor:
        """Logits of the next token; those of forbidden tokens are minus infinity."""
        logits = self.last_token(prompt, decoded).logits.clone()
        for token in self.completion_format.forbidden:
            logits[token] = -torch.inf
        return logits

    def decode(self, prompt: Prompt, *, budget: int, repeats: int) -> Expected:
        """Decode greedily until a rule ends it, then append the embed token."""
        decoded: tuple[int, ...] = ()
        ending = None
        while ending is None:
            token = self._next(prompt, decoded)
            ending = self.ending(decoded, token, budget=budget, repeats=repeats)
            if ending is None:
                decoded = (*decoded, token)
        decoded = (*decoded, self.completion_format.embed_id)
        return Expected(decoded, ending, self.last_token(prompt, decoded).state)

    def ending(
        self, decoded: tuple[int, ...], token: int, *, budget: int, repeats: int
    ) -> Ending | None:
        """How a completion ends in place of its next token, if it does."""
        if len(decoded) == budget:
            return Ending.LENGTH
        if token == self.completion_format.embed_id:
            return Ending.EMBED
        if token in self.completion_format.end_ids:
            return Ending.MALFORMED
        return Ending.LOOP if is_loop((*decoded, token), repeats) else None

    def _next(self, prompt: Prompt, decoded: tuple[int, ...]) -> int:
        start = self.completion_format.start
        if len(decoded) < len(start):
            return start[len(decoded)]
        return int(self.logits(prompt, decoded).argmax())


def is_loop(decoded: tuple[int, ...], repeats: int) -> bool:
    """Whether the last tokens are one short pattern, `repeats` times over."""
    sizes = [size for size in range(2, MAX_PATTERN + 1) if size * repeats <= len(decoded)]
    return repeats > 0 and any(
        decoded[-size * repeats :] == decoded[-size:] * repeats for size in sizes
    )


def run(
    network: Any, prompt: Prompt, head: tuple[int, ...], decoded: tuple[int, ...] = ()
) -> tuple[Tensor, Tensor]:
    """Every token's hidden state, and the logits behind the last one.

    The stock network computes the positions of the head; decoded tokens count on from the
    largest of them, as in its own `generate`.
    """
    ids = torch.tensor([head])
    config = network.config
    types = (ids == config.image_token_id) * 1 + (ids == config.video_token_id) * 2
    images, videos = (
        [media for media in prompt.pictures if media.is_video is is_video]
        for is_video in (False, True)
    )
    grids = {"image_grid_thw": _grids(images), "video_grid_thw": _grids(videos)}
    per_second = getattr(config.vision_config, "tokens_per_second", None)
    seconds = (
        torch.tensor([video.time_step / per_second for video in videos])
        if per_second and videos
        else None
    )
    timing = {} if seconds is None else {"second_per_grid_ts": seconds}
    positions, _ = network.model.get_rope_index(ids, mm_token_type_ids=types, **grids, **timing)
    behind = positions.max() + 1 + torch.arange(len(decoded))
    whole = torch.tensor([[*head, *decoded]])
    with torch.no_grad():
        output = network(
            input_ids=whole,
            attention_mask=torch.ones_like(whole),
            position_ids=torch.cat([positions, behind.expand(3, 1, -1)], dim=-1),
            mm_token_type_ids=torch.nn.functional.pad(types, (0, len(decoded))),
            pixel_values=_values(images),
            pixel_values_videos=_values(videos),
            **grids,
            use_cache=False,
            output_hidden_states=True,
        )
    return output.hidden_states[-1][0], output.logits[0, -1]


def _grids(media: list[Patches]) -> Tensor | None:
    return torch.tensor([one.grid for one in media]) if media else None


def _values(media: list[Patches]) -> Tensor | None:
    return torch.cat([torch.from_numpy(one.values) for one in media]) if media else None
