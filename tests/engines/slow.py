"""The engine's rules followed as slowly as they can be: a second opinion on every schedule.

One prompt at a time and no cache: for every token the stock network reads the whole text
again from its beginning. Nothing here is shared with the engine.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from forethought.types import CompletionFormat, Ending, Patches, Prompt

LONGEST_RUN = 16
Text = tuple[Prompt, tuple[int, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """One reading from beginning to end: the last token's state, and what it would say next."""

    state: Tensor
    scores: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Slowly:
    """What one prompt's row should write, how it should end, and the state at its embed token."""

    token_ids: tuple[int, ...]
    ending: Ending
    vector: Tensor


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SlowEngine:
    """Reads and writes with a stock network; what it found once it keeps, as it is so slow."""

    network: Any
    completion_format: CompletionFormat
    _read: dict[Text, Whole] = field(default_factory=dict)
    _direct: dict[Prompt, Tensor] = field(default_factory=dict)

    def direct(self, prompt: Prompt) -> Tensor:
        """The state where the prompt is read."""
        if prompt not in self._direct:
            states, _ = read(self.network, prompt, prompt.token_ids)
            self._direct[prompt] = states[prompt.read_at]
        return self._direct[prompt]

    def behind(self, prompt: Prompt, written: tuple[int, ...]) -> Whole:
        """Read the prompt and what was written on it, all of it."""
        if (prompt, written) not in self._read:
            states, scores = read(self.network, prompt, prompt.prefix_ids, written)
            self._read[prompt, written] = Whole(states[-1], scores)
        return self._read[prompt, written]

    def scores(self, prompt: Prompt, written: tuple[int, ...]) -> Tensor:
        """How much each token is wanted next, of those that may be said."""
        scores = self.behind(prompt, written).scores.clone()
        for token in self.completion_format.forbidden:
            scores[token] = -torch.inf
        return scores

    def think(self, prompt: Prompt, *, budget: int, repeats: int) -> Slowly:
        """Write greedily until a rule says stop; the embed token then stands at the end."""
        written: tuple[int, ...] = ()
        ending = None
        while ending is None:
            token = self._next(prompt, written)
            ending = self.ending(written, token, budget=budget, repeats=repeats)
            if ending is None:
                written = (*written, token)
        written = (*written, self.completion_format.embed_id)
        return Slowly(written, ending, self.behind(prompt, written).state)

    def ending(
        self, written: tuple[int, ...], token: int, *, budget: int, repeats: int
    ) -> Ending | None:
        """Why `token` is not written behind the rest, if it is not."""
        # A full budget is full, whatever would have come.
        if len(written) == budget:
            return Ending.LENGTH
        if token == self.completion_format.embed_id:
            return Ending.EMBED
        if token in self.completion_format.end_ids:
            return Ending.MALFORMED
        return Ending.LOOP if goes_round((*written, token), repeats) else None

    def _next(self, prompt: Prompt, written: tuple[int, ...]) -> int:
        start = self.completion_format.start
        if len(written) < len(start):
            return start[len(written)]
        return int(self.scores(prompt, written).argmax())


def goes_round(said: tuple[int, ...], times: int) -> bool:
    """Whether the end of what was said is one short run, so many times over."""
    runs = [said[-size:] for size in range(2, LONGEST_RUN + 1) if size * times <= len(said)]
    return times > 0 and any(said[-len(run) * times :] == run * times for run in runs)


def read(
    network: Any, prompt: Prompt, head: tuple[int, ...], written: tuple[int, ...] = ()
) -> tuple[Tensor, Tensor]:
    """Every token's state, and the scores behind the last one.

    The stock network says where the tokens of the head stand; what is written counts on
    from the largest of those places, as its own `generate` does.
    """
    ids = torch.tensor([head])
    config = network.config
    kinds = (ids == config.image_token_id) * 1 + (ids == config.video_token_id) * 2
    pictures, films = (
        [shown for shown in prompt.pictures if shown.is_video is video] for video in (False, True)
    )
    grids = {"image_grid_thw": _grids(pictures), "video_grid_thw": _grids(films)}
    clock = getattr(config.vision_config, "tokens_per_second", None)
    paces = torch.tensor([film.time_step / clock for film in films]) if clock and films else None
    pace = {} if paces is None else {"second_per_grid_ts": paces}
    places, _ = network.model.get_rope_index(ids, mm_token_type_ids=kinds, **grids, **pace)
    after = places.max() + 1 + torch.arange(len(written))
    whole = torch.tensor([[*head, *written]])
    with torch.no_grad():
        found = network(
            input_ids=whole,
            attention_mask=torch.ones_like(whole),
            position_ids=torch.cat([places, after.expand(3, 1, -1)], dim=-1),
            mm_token_type_ids=torch.nn.functional.pad(kinds, (0, len(written))),
            pixel_values=_values(pictures),
            pixel_values_videos=_values(films),
            **grids,
            use_cache=False,
            output_hidden_states=True,
        )
    return found.hidden_states[-1][0], found.logits[0, -1]


def _grids(shown: list[Patches]) -> Tensor | None:
    return torch.tensor([one.grid for one in shown]) if shown else None


def _values(shown: list[Patches]) -> Tensor | None:
    return torch.cat([torch.from_numpy(one.values) for one in shown]) if shown else None
