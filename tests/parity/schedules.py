"""Random ways of calling an engine, each compared with the slow engine's output."""

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
from tests.engines.slow import Expected, SlowEngine
from tests.parity.inputs import INPUTS, message

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
"""What the tiny model was trained on, and more."""
LONGEST = 26
"""A budget that most completions do not reach."""


def _plain(engine: LocalEngine, limits: Limits) -> Engine:
    return dataclasses.replace(engine, limits=limits)


class _Replaying(LocalEngine):
    """Steps as on a GPU: padded rows and widths, and a sync every eighth step.

    A capture stores the step, and a replay runs it.
    """

    def _decode_batch(self, options: DecodeOptions, **sizes: Any) -> DecodeBatch:
        batch = super()._decode_batch(options, **sizes)
        batch.graphs = Captured(lambda step: step)
        return batch


def _replaying(engine: LocalEngine, limits: Limits) -> Engine:
    return _Replaying(engine.backbone, engine.pad_id, engine.completion_format, limits)


BUILDERS: dict[str, Callable[[LocalEngine, Limits], Engine]] = {
    "plain": _plain,
    "replaying": _replaying,
}
"""Engines whose outputs must be equal, made of a local engine and limits."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class World:
    """One network, prompts of all kinds, and the slow engine on the same network."""

    engine: LocalEngine
    prompts: tuple[Prompt, ...]
    slow: SlowEngine

    @property
    def embed_id(self) -> int:
        """The last token of every completion."""
        return self.slow.completion_format.embed_id

    def expected(self, *, budget: int = LONGEST, repeats: int = 0) -> list[Expected]:
        """The slow engine's completion of every prompt."""
        return [self.slow.decode(one, budget=budget, repeats=repeats) for one in self.prompts]


def make_world(encoder: Any, prompts: Sequence[Prompt], *, quits: bool = False) -> World:
    """The world of an encoder; with `quits`, a token within its longest completion ends a turn.

    Image placeholders are forbidden: the stock networks would look for the image.
    """
    engine, network = encoder.engine, encoder.engine.backbone.network
    placeholders = {network.config.image_token_id, network.config.video_token_id}
    completion_format = dataclasses.replace(
        engine.completion_format,
        forbidden=tuple(sorted(placeholders | {*engine.completion_format.forbidden})),
    )
    world = World(engine, tuple(prompts), SlowEngine(network, completion_format))
    if quits:
        longest = max(world.expected(), key=lambda expected: len(expected.token_ids))
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


def published(encoder: Any, *, time_step: float | None = None) -> list[Prompt]:
    """The prompts of the parity tests; `time_step` replaces that of their videos."""
    prompts = [encoder.renderer.render(message(one)) for one in INPUTS.values()]
    if time_step is None:
        return prompts
    return [
        dataclasses.replace(
            prompt,
            pictures=tuple(
                dataclasses.replace(one, time_step=time_step) if one.is_video else one
                for one in prompt.pictures
            ),
        )
        for prompt in prompts
    ]


@dataclass(frozen=True, slots=True)
class Schedule:
    """One call: prompts by index, in order, which of them decode, and the options."""

    indices: tuple[int, ...]
    decodes: tuple[bool, ...]
    reverse: bool
    """Whether `decide` names the rows from the last to the first."""
    limits: Limits
    rows: int | None
    budget: int
    repeats: int
    samples: int


@st.composite
def schedules(draw: Any, *, count: int, longest: int = LONGEST) -> Schedule:
    """Any call with `count` prompts, some of them several times and some never."""
    indices = draw(st.lists(st.integers(0, count - 1), max_size=9))
    every = st.just([True] * len(indices))
    some = st.lists(st.booleans(), min_size=len(indices), max_size=len(indices))
    limits = Limits(
        rows=draw(st.integers(1, 12)),
        tokens=draw(st.integers(1, 1200)),
        waste=draw(st.floats(0, 0.9)),
        refill=draw(st.floats(0.01, 1)),
    )
    return Schedule(
        indices=tuple(indices),
        decodes=tuple(draw(every | some)),
        reverse=draw(st.booleans()),
        limits=limits,
        rows=draw(st.none() | st.integers(1, 5)),
        budget=draw(st.integers(1, longest)),
        repeats=draw(st.integers(0, 8)),
        samples=draw(st.integers(1, 4)),
    )


def check(world: World, engine: Engine, schedule: Schedule) -> None:
    """Run a schedule and compare every output with the slow engine's."""
    prompts = [world.prompts[index] for index in schedule.indices]
    decided: list[int] = []

    def decide(prefill: Any, group: Sequence[int]) -> tuple[list[int], list[float]]:
        decided.extend(group)
        for direct, index in zip(prefill.direct, group, strict=True):
            near(direct, world.slow.direct(prompts[index]))
        rows = [row for row, index in enumerate(group) if schedule.decodes[index]]
        return rows[::-1] if schedule.reverse else rows, [gate_of(index) for index in group]

    options = DecodeOptions(schedule.budget, Sampling(), schedule.repeats)
    outputs = list(
        engine.run(
            prompts,
            decide=decide,
            decode_options=options,
            samples=schedule.samples,
            rows=schedule.rows,
        )
    )
    every = list(range(len(prompts)))
    # Each prompt has one prefill and one output.
    assert sorted(decided) == sorted(output.index for output in outputs) == every
    for output in outputs:
        assert output.gate == gate_of(output.index)
        samples = schedule.samples * schedule.decodes[output.index]
        check_output(world, prompts[output.index], output, options=options, samples=samples)


def check_output(
    world: World,
    prompt: Prompt,
    output: RequestOutput,
    *,
    options: DecodeOptions,
    samples: int = 1,
) -> None:
    """Compare one output with the slow engine's: tokens exactly, vectors closely."""
    near(output.direct, world.slow.direct(prompt))
    assert len(output.completions) == len(output.vectors) == samples
    for completion, vector in zip(output.completions, output.vectors, strict=True):
        expected = world.slow.decode(prompt, budget=options.budget, repeats=options.repeats)
        assert completion.token_ids == expected.token_ids
        assert completion.ending is expected.ending
        near(vector, expected.vector)


def gate_of(index: int) -> float:
    """A gate probability that differs for every prompt and is exact in binary."""
    return (index + 1) / 64


def near(vector: torch.Tensor, expected: torch.Tensor) -> None:
    """Assert that vectors are equal up to float32 rounding."""
    torch.testing.assert_close(vector.cpu(), expected.cpu(), atol=1e-5, rtol=1e-5)
