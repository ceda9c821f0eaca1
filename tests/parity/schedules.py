"""Ways of asking an engine, each to be answered as the slow engine answers."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from hypothesis import strategies as st

from forethought.engines import DecodeOptions, Engine, Limits, LocalEngine, RequestOutput, Sampling
from forethought.engines.decode_batch import DecodeBatch
from forethought.engines.graphs import Captured
from forethought.types import Content, Image, Message, Prompt, Side, Text, Video
from tests.engines.slow import SlowEngine, Slowly
from tests.parity.shown import SHOWN, message

RED, GREEN, VIOLET = (
    np.full((56, 56, 3), colour, np.uint8)
    for colour in ((220, 30, 30), (30, 180, 60), (150, 40, 200))
)
SQUARES: list[tuple[Content, ...]] = [
    (Text("green, square"),),
    (Image(RED),),
    (Text("blue, square, blue, square, blue"),),
    (Image(VIOLET), Image(GREEN), Text("which of the two is it?")),
    (Text("red"),),
    (Image(GREEN), Text("what?")),
    (Video([RED, GREEN, VIOLET, RED]), Text("a clip")),
    (Image(RED), Video([VIOLET, GREEN])),
]
"""What the tiny model was taught about, and a little more."""
LONGEST = 26
"""More than most rows write."""


def _plain(engine: LocalEngine, limits: Limits) -> Engine:
    return dataclasses.replace(engine, limits=limits)


class _Replaying(LocalEngine):
    """Steps as on a GPU: more rows and places than are in use, and a look every eighth step.

    They are recorded by keeping them, and replayed by running them.
    """

    def _writing(self, decode_options: DecodeOptions, **how: Any) -> DecodeBatch:
        made = super()._writing(decode_options, **how)
        made._graphs = Captured(lambda step: step)  # noqa: SLF001 - what a device decides
        return made


def _replaying(engine: LocalEngine, limits: Limits) -> Engine:
    return _Replaying(engine.backbone, engine.pad_id, engine.completion_format, limits)


BUILDERS: dict[str, Callable[[LocalEngine, Limits], Engine]] = {
    "plain": _plain,
    "replaying": _replaying,
}
"""Engines that must all answer alike, made from one and its limits; an entry more tests one more."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class World:
    """One network with prompts of all kinds, and the second opinion on them."""

    engine: LocalEngine
    prompts: tuple[Prompt, ...]
    slow: SlowEngine

    @property
    def embed_id(self) -> int:
        """What every rationale ends with."""
        return self.slow.completion_format.embed_id

    def thinks(self, *, budget: int = LONGEST, repeats: int = 0) -> list[Slowly]:
        """What the slow engine writes on every prompt."""
        return [self.slow.think(one, budget=budget, repeats=repeats) for one in self.prompts]


def world(encoder: Any, prompts: Sequence[Prompt], *, quits: bool = False) -> World:
    """A world of an encoder; one that `quits` ends its turn within what would be its longest row.

    No placeholder of a picture may be written: the stock networks would look for the picture.
    """
    engine, network = encoder.engine, encoder.engine.backbone.network
    places = {network.config.image_token_id, network.config.video_token_id}
    completion_format = dataclasses.replace(
        engine.completion_format,
        forbidden=tuple(sorted(places | {*engine.completion_format.forbidden})),
    )
    made = World(engine, tuple(prompts), SlowEngine(network, completion_format))
    if quits:
        longest = max(made.thinks(), key=lambda found: len(found.token_ids))
        completion_format = dataclasses.replace(
            completion_format, end_ids=(*completion_format.end_ids, longest.token_ids[LONGEST // 2])
        )
    engine = dataclasses.replace(engine, completion_format=completion_format)
    return World(engine, tuple(prompts), SlowEngine(network, completion_format))


def squares(encoder: Any) -> list[Prompt]:
    """The prompts of the tiny world."""
    return [
        encoder.renderer.render(Message(content, "Find the picture.", Side.QUERY))
        for content in SQUARES
    ]


def published(encoder: Any, *, tick: float | None = None) -> list[Prompt]:
    """The prompts of the parity tests; their videos' clocks beat every `tick` places, if given."""
    prompts = [encoder.renderer.render(message(shown)) for shown in SHOWN.values()]
    if tick is None:
        return prompts
    return [
        dataclasses.replace(
            prompt,
            pictures=tuple(
                dataclasses.replace(shown, time_step=tick) if shown.is_video else shown
                for shown in prompt.pictures
            ),
        )
        for prompt in prompts
    ]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which prompts are asked in which order, which are thought about, and how."""

    places: tuple[int, ...]
    thinks: tuple[bool, ...]
    backwards: bool
    """Whether `decide` names the rows that think from the last to the first."""
    limits: Limits
    rows: int | None
    budget: int
    repeats: int
    samples: int


@st.composite
def schedules(draw: Any, *, count: int, longest: int = LONGEST) -> Schedule:
    """Any way of asking about `count` prompts, some of them several times and some never."""
    places = draw(st.lists(st.integers(0, count - 1), max_size=9))
    whole = st.just([True] * len(places))
    some = st.lists(st.booleans(), min_size=len(places), max_size=len(places))
    limits = Limits(
        rows=draw(st.integers(1, 12)),
        tokens=draw(st.integers(1, 1200)),
        waste=draw(st.floats(0, 0.9)),
        refill=draw(st.floats(0.01, 1)),
    )
    return Schedule(
        places=tuple(places),
        thinks=tuple(draw(whole | some)),
        backwards=draw(st.booleans()),
        limits=limits,
        rows=draw(st.none() | st.integers(1, 5)),
        budget=draw(st.integers(1, longest)),
        repeats=draw(st.integers(0, 8)),
        samples=draw(st.integers(1, 4)),
    )


def check(told: World, engine: Engine, schedule: Schedule) -> None:
    """Ask, and compare every answer with the slow engine's."""
    prompts = [told.prompts[place] for place in schedule.places]
    asked: list[int] = []

    def decide(prefill: Any, group: Sequence[int]) -> tuple[list[int], list[float]]:
        asked.extend(group)
        for direct, index in zip(prefill.direct, group, strict=True):
            near(direct, told.slow.direct(prompts[index]))
        rows = [row for row, index in enumerate(group) if schedule.thinks[index]]
        return rows[::-1] if schedule.backwards else rows, [chance(index) for index in group]

    decode_options = DecodeOptions(schedule.budget, Sampling(), schedule.repeats)
    found = list(
        engine.run(
            prompts,
            decide=decide,
            decode_options=decode_options,
            samples=schedule.samples,
            rows=schedule.rows,
        )
    )
    every = list(range(len(prompts)))
    # Each was read once, and answered once.
    assert sorted(asked) == sorted(answer.index for answer in found) == every
    for answer in found:
        assert answer.gate == chance(answer.index)
        thinks = schedule.thinks[answer.index]
        check_answer(
            told,
            prompts[answer.index],
            answer,
            decode_options=decode_options,
            samples=schedule.samples * thinks,
        )


def check_answer(
    told: World,
    prompt: Prompt,
    answer: RequestOutput,
    *,
    decode_options: DecodeOptions,
    samples: int = 1,
) -> None:
    """Compare one answer with the slow engine's: tokens exactly, vectors closely."""
    near(answer.direct, told.slow.direct(prompt))
    assert len(answer.completions) == len(answer.vectors) == samples
    for thought, vector in zip(answer.completions, answer.vectors, strict=True):
        expected = told.slow.think(
            prompt, budget=decode_options.budget, repeats=decode_options.repeats
        )
        assert thought.token_ids == expected.token_ids
        assert thought.ending is expected.ending
        near(vector, expected.vector)


def chance(index: int) -> float:
    """A gate's word that is another for every prompt, in binary fractions."""
    return (index + 1) / 64


def near(found: torch.Tensor, expected: torch.Tensor) -> None:
    """The same vector, as far as float32 goes."""
    torch.testing.assert_close(found.cpu(), expected.cpu(), atol=1e-5, rtol=1e-5)
