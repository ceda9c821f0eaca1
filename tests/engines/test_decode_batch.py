"""Whatever the schedule, every prompt has the output that it has alone."""

import dataclasses

import numpy as np
import pytest
import torch

from forethought.backbones import QwenVL
from forethought.engines import DecodeOptions, Limits, Sampling
from forethought.engines.cache import KVCache
from forethought.engines.decode_batch import DecodeBatch, max_row_length
from forethought.types import Content, Ending, Image, Message, Side, Text

GREEDY = DecodeOptions(budget=20, sampling=Sampling())
WILD = DecodeOptions(budget=12, sampling=Sampling(temperature=1.3, top_p=0.95))
COLOURS = {"red": (220, 30, 30), "green": (30, 180, 60), "violet": (150, 40, 200)}
SQUARES = [Image(np.full((56, 56, 3), colour, np.uint8)) for colour in COLOURS.values()]
CONTENTS: list[tuple[Content, ...]] = [
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
        for content in CONTENTS
    ]


def engine_with(tiny_encoder, **limits):
    return dataclasses.replace(tiny_encoder.engine, limits=Limits(**limits))


def all_think(prefill, _group):
    return list(range(len(prefill.lengths))), [0.75] * len(prefill.lengths)


def outputs(engine, prompts, *, decide=all_think, decode_options=GREEDY, **how):
    found = list(engine.run(prompts, decide=decide, decode_options=decode_options, **how))
    assert sorted(output.index for output in found) == list(range(len(prompts)))
    return {output.index: output for output in found}


@pytest.fixture(scope="module")
def alone(tiny_encoder, prompts):
    found = [outputs(tiny_encoder.engine, [prompt])[0] for prompt in prompts]
    return dict(enumerate(found))


def check(found, expected):
    torch.testing.assert_close(found.direct, expected.direct, atol=1e-5, rtol=1e-4)
    assert found.completions == expected.completions
    for vector, other in zip(found.vectors, expected.vectors, strict=True):
        torch.testing.assert_close(vector, other, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_no_schedule_changes_an_output(tiny_encoder, prompts, alone, seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(prompts)).tolist() * int(rng.integers(1, 3))
    engine = engine_with(
        tiny_encoder,
        rows=int(rng.integers(1, 9)),
        tokens=int(rng.integers(1, 400)),
        refill=float(rng.uniform(0.01, 1)),
    )
    found = outputs(engine, [prompts[index] for index in order])
    for position, index in enumerate(order):
        check(found[position], alone[index])


def test_rows_enter_while_others_decode(tiny_encoder, prompts, alone):
    # Two rows at a time and seven prompts: most of them wait in the queue.
    engine = engine_with(tiny_encoder, rows=2, refill=0.5)
    found = list(engine.run(prompts, decide=all_think, decode_options=GREEDY))
    for output in found:
        check(output, alone[output.index])
    lengths = {len(output.completions[0].token_ids) for output in found}
    assert len(lengths) > 1


class Recording(QwenVL):
    """Records the rows of every step."""

    def extend(self, token_ids, *, positions, cache):
        STEPS.append(len(token_ids))
        return super().extend(token_ids, positions=positions, cache=cache)


STEPS: list[int] = []


@pytest.mark.parametrize("samples", [1, 2])
def test_no_more_rows_decode_than_the_limit(tiny_encoder, prompts, samples):
    engine = engine_with(tiny_encoder, rows=4, refill=0.25)
    recording = dataclasses.replace(engine, backbone=Recording(engine.backbone.network))
    STEPS.clear()
    outputs(recording, prompts * 2, samples=samples)
    assert max(STEPS) == 4


def test_a_larger_stored_batch_is_reused_within_the_limit(tiny_encoder, prompts, alone):
    engine = engine_with(tiny_encoder, rows=3)
    recording = dataclasses.replace(engine, backbone=Recording(engine.backbone.network))
    cache = KVCache(9, max_row_length(400, GREEDY))
    batch = DecodeBatch(recording.backbone, recording.completion_format, GREEDY, cache=cache)
    for _ in range(2):
        # On a GPU every run ends with this.
        recording._reuse.put(batch, recording.backbone, requested=9)  # noqa: SLF001 - as above
        STEPS.clear()
        found = outputs(recording, prompts)
        assert max(STEPS) == 3
        assert batch.active == 0
        assert cache.initialized > 0
        for index, output in found.items():
            check(output, alone[index])


def test_only_the_chosen_rows_decode(tiny_encoder, prompts, alone):
    def some(prefill, _group):
        gates = [0.25 + 0.5 * (length % 2) for length in prefill.lengths]
        return [row for row, gate in enumerate(gates) if gate > 0.5], gates

    found = outputs(engine_with(tiny_encoder, rows=3), prompts, decide=some)
    for index, output in found.items():
        thinks = len(prompts[index].prefix_ids) % 2 == 1
        assert output.gate == (0.75 if thinks else 0.25)
        assert bool(output.completions) is thinks
        torch.testing.assert_close(output.direct, alone[index].direct, atol=1e-5, rtol=1e-4)


def test_many_samples_share_a_prefill_and_differ(tiny_encoder, prompts):
    found = outputs(tiny_encoder.engine, prompts[:2], decode_options=WILD, samples=5, seed=3)
    for output in found.values():
        assert len(output.completions) == len(output.vectors) == 5
        assert len({completion.token_ids for completion in output.completions}) > 1


def test_sampling_a_row_depends_on_no_other_row(tiny_encoder, prompts):
    how = {"decode_options": WILD, "samples": 3, "seed": 11}
    together = outputs(tiny_encoder.engine, prompts, **how)
    apart = outputs(engine_with(tiny_encoder, rows=1, tokens=1), prompts, **how)
    for index, output in together.items():
        check(output, apart[index])
    other = outputs(tiny_encoder.engine, prompts, decode_options=WILD, samples=3, seed=12)
    assert any(other[index].completions != together[index].completions for index in together)


def test_each_sample_ends_with_its_only_embed_token(tiny_encoder, prompts):
    found = outputs(tiny_encoder.engine, prompts, decode_options=WILD, samples=2, seed=5)
    embed = tiny_encoder.engine.completion_format.embed_id
    for output in found.values():
        for completion in output.completions:
            assert completion.token_ids[-1] == embed
            assert completion.token_ids.count(embed) == 1


def test_a_loop_ends_a_row(tiny_encoder, prompts):
    # Only one token is allowed: the simplest loop.
    every = set(range(tiny_encoder.engine.backbone.network.config.text_config.vocab_size))
    completion_format = dataclasses.replace(
        tiny_encoder.engine.completion_format, forbidden=tuple(sorted(every - {40}))
    )
    engine = dataclasses.replace(tiny_encoder.engine, completion_format=completion_format)
    decode_options = DecodeOptions(budget=50, sampling=Sampling(), repeats=4)
    found = outputs(engine, prompts[:3], decode_options=decode_options)
    for output in found.values():
        assert output.completions[0].ending is Ending.LOOP
        # Two tokens four times over; the embed token replaces the last of them.
        assert len(output.completions[0].token_ids) == 8


def test_no_prompts_give_no_outputs(tiny_encoder):
    assert list(tiny_encoder.engine.run([], decide=all_think, decode_options=GREEDY)) == []
