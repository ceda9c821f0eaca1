"""Whatever the schedule, every prompt gets the answer that it gets alone."""

import dataclasses

import numpy as np
import pytest
import torch

from forethought.backbones import QwenVL
from forethought.engines import DecodeOptions, Limits, Sampling
from forethought.engines.cache import KVCache
from forethought.engines.decode_batch import DecodeBatch, room_for
from forethought.types import Content, Ending, Image, Message, Side, Text

GREEDY = DecodeOptions(budget=20, sampling=Sampling())
WILD = DecodeOptions(budget=12, sampling=Sampling(temperature=1.3, top_p=0.95))
COLOURS = {"red": (220, 30, 30), "green": (30, 180, 60), "violet": (150, 40, 200)}
SQUARES = [Image(np.full((56, 56, 3), colour, np.uint8)) for colour in COLOURS.values()]
SHOWN: list[tuple[Content, ...]] = [
    (Text("green, square"),),
    (SQUARES[0],),
    (Text("blue, square, blue, square, blue"),),
    (SQUARES[2], SQUARES[1], Text("which of the two is it?")),
    (Text("red"),),
    (SQUARES[1], Text("what?")),
    (Text("orange, square"),),
]


@pytest.fixture(scope="module")
def prompts(tiny_encoder):
    return [
        tiny_encoder.renderer.render(Message(content, "Find the picture.", Side.QUERY))
        for content in SHOWN
    ]


def engine_with(tiny_encoder, **limits):
    return dataclasses.replace(tiny_encoder.engine, limits=Limits(**limits))


def all_think(prefill, _group):
    return list(range(len(prefill.lengths))), [0.75] * len(prefill.lengths)


def answers(engine, prompts, *, decide=all_think, decode_options=GREEDY, **how):
    found = list(engine.run(prompts, decide=decide, decode_options=decode_options, **how))
    assert sorted(answer.index for answer in found) == list(range(len(prompts)))
    return {answer.index: answer for answer in found}


@pytest.fixture(scope="module")
def alone(tiny_encoder, prompts):
    found = [answers(tiny_encoder.engine, [prompt])[0] for prompt in prompts]
    return dict(enumerate(found))


def check(found, expected):
    torch.testing.assert_close(found.direct, expected.direct, atol=1e-5, rtol=1e-4)
    assert found.completions == expected.completions
    for vector, other in zip(found.vectors, expected.vectors, strict=True):
        torch.testing.assert_close(vector, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_no_schedule_changes_an_answer(tiny_encoder, prompts, alone, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(prompts)).tolist() * int(rng.integers(1, 3))
    engine = engine_with(
        tiny_encoder,
        rows=int(rng.integers(1, 9)),
        tokens=int(rng.integers(1, 400)),
        refill=float(rng.uniform(0.01, 1)),
    )
    found = answers(engine, [prompts[index] for index in order])
    for place, index in enumerate(order):
        check(found[place], alone[index])


def test_rows_enter_while_others_write(tiny_encoder, prompts, alone):
    # Two rows at a time and seven prompts: most of them wait for a place.
    engine = engine_with(tiny_encoder, rows=2, refill=0.5)
    found = list(engine.run(prompts, decide=all_think, decode_options=GREEDY))
    for answer in found:
        check(answer, alone[answer.index])
    lengths = {len(answer.completions[0].token_ids) for answer in found}
    assert len(lengths) > 1


class Counting(QwenVL):
    """Counts the rows of every step."""

    def extend(self, token_ids, *, positions, cache):
        STEPS.append(len(token_ids))
        return super().extend(token_ids, positions=positions, cache=cache)


STEPS: list[int] = []


@pytest.mark.parametrize("samples", [1, 2])
def test_no_more_rows_write_than_may(tiny_encoder, prompts, samples):
    engine = engine_with(tiny_encoder, rows=4, refill=0.25)
    counting = dataclasses.replace(engine, backbone=Counting(engine.backbone.network))
    STEPS.clear()
    answers(counting, prompts * 2, samples=samples)
    assert max(STEPS) == 4


def test_room_that_was_put_by_serves_again_and_no_more_rows_write_than_may(
    tiny_encoder, prompts, alone
):
    engine = engine_with(tiny_encoder, rows=3)
    counting = dataclasses.replace(engine, backbone=Counting(engine.backbone.network))
    slots = KVCache(9, room_for(400, GREEDY))
    writing = DecodeBatch(counting.backbone, counting.completion_format, GREEDY, slots=slots)
    for _ in range(2):
        # As on a GPU, where this is done after a run.
        counting._spare.put(writing, counting.backbone, asked=9)  # noqa: SLF001 - only there
        STEPS.clear()
        found = answers(counting, prompts)
        assert max(STEPS) == 3
        assert writing.open == 0
        assert slots.reached > 0
        for index, answer in found.items():
            check(answer, alone[index])


def test_only_those_that_the_gate_opens_for_are_written_about(tiny_encoder, prompts, alone):
    def some(prefill, _group):
        gates = [0.25 + 0.5 * (length % 2) for length in prefill.lengths]
        return [row for row, gate in enumerate(gates) if gate > 0.5], gates

    found = answers(engine_with(tiny_encoder, rows=3), prompts, decide=some)
    for index, answer in found.items():
        thinks = len(prompts[index].prefix_ids) % 2 == 1
        assert answer.gate == (0.75 if thinks else 0.25)
        assert bool(answer.completions) is thinks
        torch.testing.assert_close(answer.direct, alone[index].direct, atol=1e-5, rtol=1e-4)


def test_many_samples_share_a_prefill_and_differ(tiny_encoder, prompts):
    found = answers(tiny_encoder.engine, prompts[:2], decode_options=WILD, samples=5, seed=3)
    for answer in found.values():
        assert len(answer.completions) == len(answer.vectors) == 5
        assert len({thought.token_ids for thought in answer.completions}) > 1


def test_what_a_row_draws_depends_on_no_other_row(tiny_encoder, prompts):
    how = {"decode_options": WILD, "samples": 3, "seed": 11}
    together = answers(tiny_encoder.engine, prompts, **how)
    apart = answers(engine_with(tiny_encoder, rows=1, tokens=1), prompts, **how)
    for index, answer in together.items():
        check(answer, apart[index])
    other = answers(tiny_encoder.engine, prompts, decode_options=WILD, samples=3, seed=12)
    assert any(other[index].completions != together[index].completions for index in together)


def test_a_sample_is_read_at_its_own_embed_token(tiny_encoder, prompts):
    found = answers(tiny_encoder.engine, prompts, decode_options=WILD, samples=2, seed=5)
    embed = tiny_encoder.engine.completion_format.embed_id
    for answer in found.values():
        for thought in answer.completions:
            assert thought.token_ids[-1] == embed
            assert thought.token_ids.count(embed) == 1


def test_a_row_that_repeats_itself_is_closed_and_counted(tiny_encoder, prompts):
    # Nothing but one token may be written: the plainest of loops.
    every = set(range(tiny_encoder.engine.backbone.network.config.text_config.vocab_size))
    completion_format = dataclasses.replace(
        tiny_encoder.engine.completion_format, forbidden=tuple(sorted(every - {40}))
    )
    engine = dataclasses.replace(tiny_encoder.engine, completion_format=completion_format)
    decode_options = DecodeOptions(budget=50, sampling=Sampling(), repeats=4)
    found = answers(engine, prompts[:3], decode_options=decode_options)
    for answer in found.values():
        assert answer.completions[0].ending is Ending.LOOP
        # Two tokens four times over, the last of them made way for the embed token.
        assert len(answer.completions[0].token_ids) == 8


def test_nothing_to_do_is_done(tiny_encoder):
    assert list(tiny_encoder.engine.run([], decide=all_think, decode_options=GREEDY)) == []
