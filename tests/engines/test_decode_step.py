"""Speculative tokens change only the number of steps; early exit ends rows early."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.backbones import QwenVL
from forethought.engines import DecodeOptions, EarlyExit, Limits, LocalEngine, Sampling
from forethought.types import Ending
from tests.engines import slow
from tests.parity.schedules import check, make_world, near, schedules, squares

BUDGET = 22
PLAIN = DecodeOptions(BUDGET, Sampling(), repeats=5)
WARM = DecodeOptions(14, Sampling(temperature=1.2, top_p=0.95), repeats=5)
EARLY = EarlyExit(every=3, within=0.02)


def speculating(engine, limits, speculative_tokens):
    """An engine that adds speculative tokens to any options."""

    class Speculating(LocalEngine):
        def run(self, prompts, *, decode_options, **settings):
            decode_options = decode_options and dataclasses.replace(
                decode_options, speculative_tokens=speculative_tokens
            )
            return LocalEngine.run(self, prompts, decode_options=decode_options, **settings)

    return Speculating(engine.backbone, engine.pad_id, engine.completion_format, limits)


@pytest.fixture(scope="module")
def world(tiny_encoder):
    return make_world(tiny_encoder, squares(tiny_encoder))


def all_decode(prefill, _group):
    return list(range(len(prefill.lengths))), [0.5] * len(prefill.lengths)


def outputs(engine, prompts, options, **settings):
    found = list(engine.run(prompts, decide=all_decode, decode_options=options, **settings))
    assert sorted(output.index for output in found) == list(range(len(prompts)))
    return [output for _, output in sorted((output.index, output) for output in found)]


def same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.completions == other.completions
        near(torch.stack(one.vectors), torch.stack(other.vectors))


@pytest.mark.parametrize("speculative_tokens", [1, 4])
@settings(max_examples=8)
@given(schedule=schedules(count=8))
def test_speculation_changes_no_greedy_completion(world, speculative_tokens, schedule):
    check(world, speculating(world.engine, schedule.limits, speculative_tokens), schedule)


@pytest.mark.slow
@pytest.mark.parametrize("speculative_tokens", [1, 2, 3, 4])
@given(schedule=schedules(count=8))
def test_speculation_in_many_schedules_changes_no_greedy_completion(
    world, speculative_tokens, schedule
):
    check(world, speculating(world.engine, schedule.limits, speculative_tokens), schedule)


@pytest.mark.parametrize("speculative_tokens", [1, 3])
@settings(max_examples=3)
@given(
    limits=st.builds(
        Limits,
        rows=st.integers(1, 7),
        tokens=st.integers(1, 900),
        refill=st.floats(0, 1),
    ),
    seed=st.integers(0, 99),
    samples=st.integers(1, 3),
)
def test_speculation_changes_no_sampled_completion(
    world, speculative_tokens, limits, seed, samples
):
    engine = dataclasses.replace(world.engine, limits=limits)
    options = dataclasses.replace(WARM, speculative_tokens=speculative_tokens)
    prompts = world.prompts[:4]
    same(
        outputs(engine, prompts, options, seed=seed, samples=samples),
        outputs(world.engine, prompts, WARM, seed=seed, samples=samples),
    )


class Recording(QwenVL):
    """Records the shape of every pass."""

    def extend(self, token_ids, *, positions, cache):
        SHAPES.append(tuple(token_ids.shape))
        return super().extend(token_ids, positions=positions, cache=cache)


SHAPES: list[tuple[int, ...]] = []


def with_shapes(engine, prompts, options):
    recording = dataclasses.replace(engine, backbone=Recording(engine.backbone.network))
    SHAPES.clear()
    found = outputs(recording, prompts, options)
    return found, list(SHAPES)


def test_a_repeated_token_needs_a_quarter_of_the_steps(world):
    # Only one token is allowed.
    completion_format = dataclasses.replace(
        world.engine.completion_format,
        start=(),
        forbidden=tuple(sorted({*range(world.engine.backbone.vocab_size)} - {40})),
    )
    engine = dataclasses.replace(world.engine, completion_format=completion_format)
    options = DecodeOptions(50, Sampling(), repeats=0)
    prompts = world.prompts[:1]
    expected, plain = with_shapes(engine, prompts, options)
    assert expected[0].completions[0].token_ids == (*[40] * 50, completion_format.embed_id)
    assert plain == [(1, 1)] * 51
    found, fewer = with_shapes(engine, prompts, dataclasses.replace(options, speculative_tokens=3))
    same(found, expected)
    # The first two steps have no occurrence to draft from; from the third on all three drafts
    # are right. Two and twelve times four make fifty; then the embed token.
    assert fewer == [(1, 4)] * (2 + 12 + 1)


def test_a_completion_that_repeats_its_prompt_needs_fewer_steps(world):
    # The prompt begins with the completion.
    prompt = world.prompts[0]
    expected, plain = with_shapes(world.engine, [prompt], PLAIN)
    head = expected[0].completions[0].token_ids[:-1]
    echoed = dataclasses.replace(
        prompt,
        token_ids=(*head, *prompt.token_ids),
        read_at=prompt.read_at + len(head),
        write_at=prompt.write_at + len(head),
    )
    expected, plain = with_shapes(world.engine, [echoed], PLAIN)
    found, fewer = with_shapes(
        world.engine, [echoed], dataclasses.replace(PLAIN, speculative_tokens=4)
    )
    same(found, expected)
    assert len(fewer) < 0.8 * len(plain)


def check_early(world, index, output, plain):
    """Whether a row exited early: then its completion is a beginning of the plain one."""
    (completion,), (vector,) = output.completions, output.vectors
    if completion.ending is not Ending.EARLY_EXIT:
        assert completion == plain.completions[0]
        near(vector, plain.vectors[0])
        return False
    *decoded, embed = completion.token_ids
    assert embed == world.embed_id
    assert tuple(decoded) == plain.completions[0].token_ids[: len(decoded)]
    prompt = world.prompts[index]
    states, _ = slow.run(world.slow.network, prompt, prompt.prefix_ids, completion.token_ids)
    near(vector, states[-1])
    return True


def early_outputs(engine, prompts, early_exit):
    return outputs(engine, prompts, dataclasses.replace(PLAIN, early_exit=early_exit))


@pytest.fixture(scope="module")
def plain(world):
    return outputs(world.engine, world.prompts, PLAIN)


@pytest.mark.parametrize("every", [1, 3, 5])
def test_an_early_exit_has_the_vector_of_an_embed_token_behind_its_tokens(world, plain, every):
    found = early_outputs(world.engine, world.prompts, EarlyExit(every, EARLY.within))
    exits = [check_early(world, index, output, plain[index]) for index, output in enumerate(found)]
    assert any(exits)
    lengths = [len(output.completions[0].token_ids) - 1 for output in found]
    for length, early in zip(lengths, exits, strict=True):
        # The first probe has none to be compared with.
        assert not early or (length % every == 0 and length >= 2 * every)


def test_a_row_exits_at_the_first_probe_close_to_the_one_before(world, plain):
    found = early_outputs(world.engine, world.prompts, EARLY)
    for index, prompt in enumerate(world.prompts):
        decoded = plain[index].completions[0].token_ids[:-1]
        ends = range(EARLY.every, len(decoded) + 1, EARLY.every)
        probes = [
            world.slow.last_token(prompt, (*decoded[:end], world.embed_id)).state for end in ends
        ]
        distances = [1 - F.cosine_similarity(*pair, dim=0) for pair in pairwise(probes)]
        exits = [end for end, far in zip(ends[1:], distances, strict=True) if far < EARLY.within]
        expected = exits[0] if exits else len(decoded)
        assert len(found[index].completions[0].token_ids) - 1 == expected


def test_where_no_probe_is_close_enough_nothing_changes(world, plain):
    found = early_outputs(world.engine, world.prompts, EarlyExit(every=2, within=1e-12))
    assert not any(output.completions[0].ending is Ending.EARLY_EXIT for output in found)
    same(found, plain)


def test_where_any_probe_is_close_enough_all_rows_exit_at_their_second(world):
    # No two vectors are further apart than 2, and no row ends by itself before its tenth token.
    forced = dataclasses.replace(world.engine.completion_format, start=tuple(range(30, 39)))
    engine = dataclasses.replace(world.engine, completion_format=forced)
    for output in early_outputs(engine, world.prompts, EarlyExit(every=4, within=2.0)):
        (completion,) = output.completions
        assert completion.ending is Ending.EARLY_EXIT
        assert completion.token_ids == (*range(30, 38), world.embed_id)


@pytest.mark.parametrize(
    "limits",
    [Limits(rows=1), Limits(rows=3, refill=0.0), Limits(rows=4, tokens=1, refill=0.5)],
    ids=["alone", "few", "late"],
)
def test_early_exit_depends_on_no_other_row_and_not_on_the_schedule(world, limits):
    expected = early_outputs(world.engine, world.prompts, EARLY)
    order = np.random.default_rng(3).permutation(len(world.prompts)).tolist()
    engine = dataclasses.replace(world.engine, limits=limits)
    found = early_outputs(engine, [world.prompts[index] for index in order], EARLY)
    same(found, [expected[index] for index in order])


def test_a_step_is_wider_only_when_it_probes(world):
    _, shapes = with_shapes(
        world.engine, world.prompts[:1], dataclasses.replace(PLAIN, early_exit=EARLY)
    )
    wide = [step for step, (_, width) in enumerate(shapes, start=1) if width == 2]
    assert wide == [step for step in range(1, len(shapes) + 1) if step % EARLY.every == 0]
    assert {width for _, width in shapes} == {1, 2}
