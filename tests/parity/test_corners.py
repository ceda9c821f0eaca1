"""Schedules that are easy to get wrong, one test each."""

import dataclasses
import functools
import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.engines import DecodeOptions, Limits, Sampling
from forethought.types import Ending
from tests.engines.slow import SlowEngine, is_loop
from tests.parity.schedules import (
    BUILDERS,
    Schedule,
    World,
    check,
    check_output,
    gate_of,
    near,
)

GREEDY = DecodeOptions(budget=16, sampling=Sampling(), repeats=3)
WILD = DecodeOptions(budget=12, sampling=Sampling(temperature=1.3, top_p=0.95, top_k=90), repeats=2)
FEW = Limits(rows=3, tokens=90, waste=0.5, refill=0.4)
ALL_PROMPTS = Schedule(
    indices=(4, 1, 7, 0, 3, 6, 2, 5),
    decodes=(True,) * 8,
    reverse=False,
    limits=FEW,
    rows=None,
    budget=GREEDY.budget,
    repeats=GREEDY.repeats,
    samples=1,
)


@pytest.fixture(params=BUILDERS.values(), ids=list(BUILDERS))
def build(request):
    return request.param


@pytest.fixture
def engine(tiny_world, build):
    return build(tiny_world.engine, FEW)


def all_decode(_prefill, group):
    return list(range(len(group))), [gate_of(index) for index in group]


def check_run(world, build, indices, **changes):
    schedule = dataclasses.replace(
        ALL_PROMPTS, indices=tuple(indices), decodes=(True,) * len(indices), **changes
    )
    check(world, build(world.engine, schedule.limits), schedule)


@functools.cache  # the slow engine stores what it ran
def with_format(world, *, num_prompts=8, **changes):
    """The same network and first prompts with another completion format."""
    completion_format = dataclasses.replace(world.engine.completion_format, **changes)
    engine = dataclasses.replace(world.engine, completion_format=completion_format)
    slow = SlowEngine(world.slow.network, completion_format)
    return World(engine, world.prompts[:num_prompts], slow)


# How rows end


@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize("budget", [1, 2, 5])
def test_all_rows_end_at_the_same_step(tiny_world, build, budget, rows):
    found = tiny_world.expected(budget=budget)
    assert {one.ending for one in found} == {Ending.LENGTH}
    check_run(tiny_world, build, range(8), budget=budget, limits=Limits(rows=rows, waste=0.9))


@pytest.mark.parametrize("ranks", [(0, 1, 0, 1, 0, 7), (1, 1, 7, 0, 0), (7, 0, 1, 1, 1, 0, 0)])
def test_several_rows_end_at_one_step_and_others_continue(tiny_world, build, ranks):
    # The shortest completion several times, with longer rows before, between and behind.
    lengths = [len(found.token_ids) for found in tiny_world.expected()]
    order = sorted(range(8), key=lengths.__getitem__)
    assert lengths[order[0]] < lengths[order[7]]
    indices = [order[rank] for rank in ranks]
    for limits in (Limits(rows=7, waste=0.9), Limits(rows=4, waste=0.9, refill=0.1)):
        check_run(tiny_world, build, indices, budget=24, repeats=0, limits=limits)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("rows", [1, 2, 6])
def test_a_row_ends_at_its_first_token_beside_others_that_do_not(worlds, build, rows, samples):
    world = worlds["rge"]
    lengths = [len(found.token_ids) for found in world.expected()]
    assert lengths.count(1) == 1
    first = lengths.index(1)
    for indices in ((first,), (first, 1, first, first), (5, first, 2, 3, first)):
        check_run(world, build, indices, samples=samples, limits=Limits(rows=rows, waste=0.9))


def test_every_row_ends_at_its_first_token(tiny_world, build):
    # Every completion is forced to start with the token that is now the embed token.
    world = with_format(tiny_world, start=(40,), embed_id=40)
    assert {(found.token_ids, found.ending) for found in world.expected()} == {
        ((40,), Ending.EMBED)
    }
    check_run(world, build, (*range(8), *range(8)), samples=2)


def test_a_first_token_may_end_the_turn_too(tiny_world, build):
    world = with_format(tiny_world, start=(40,), end_ids=(40, 2))
    assert {(one.token_ids, one.ending) for one in world.expected()} == {
        ((world.embed_id,), Ending.MALFORMED)
    }
    check_run(world, build, range(8))


@pytest.mark.parametrize("start", [(44, 7, 281), (20, 21, 22, 23, 24)])
@pytest.mark.parametrize("budget", [1, 3, 4, 16])
def test_rows_inserted_late_have_the_forced_start_and_the_budget_cuts_it(
    tiny_world, build, start, budget
):
    world = with_format(tiny_world, start=start)
    check_run(world, build, (*range(8), 2, 5), budget=budget)


@pytest.mark.parametrize("repeats", [2, 3])
@pytest.mark.parametrize("size", [2, 15, 16, 17])
def test_a_pattern_is_a_loop_up_to_the_maximum_size(tiny_world, build, size, repeats):
    # The forced start repeats it; a pattern of seventeen tokens is too long to be detected.
    pattern = tuple(range(30, 30 + size))
    world = with_format(tiny_world, num_prompts=3, start=pattern * repeats)
    whole = (*(pattern * repeats)[:-1], world.embed_id)
    for found in world.expected(budget=60, repeats=repeats):
        assert (found.token_ids == whole) is (size < 17)
    check_run(world, build, (*range(3), *range(3)), budget=60, repeats=repeats)


@pytest.mark.parametrize("index", [1, 3, 6])
@pytest.mark.parametrize("rows", [1, 4, 20])
def test_equal_prompts(tiny_world, build, index, rows):
    check_run(tiny_world, build, [index] * 9, samples=2, limits=Limits(rows=rows))


def test_no_prompts_give_no_outputs(engine):
    for options in ({}, {"samples": 3, "seed": 5}, {"rows": 2}):
        assert list(engine.run([], decide=all_decode, decode_options=GREEDY, **options)) == []
    assert list(engine.run([], decide=all_decode, decode_options=None)) == []


def test_without_decode_options_nothing_is_decoded(tiny_world, engine):
    found = list(
        engine.run(
            tiny_world.prompts,
            decide=lambda _, group: ([], [0.25] * len(group)),
            decode_options=None,
        )
    )
    assert sorted(output.index for output in found) == list(range(8))
    for output in found:
        assert (output.completions, output.vectors) == ((), ())
        near(output.direct, tiny_world.slow.direct(tiny_world.prompts[output.index]))


# Runs that stop


@pytest.mark.parametrize("count", [0, 1, 3, 7])
@pytest.mark.parametrize("samples", [1, 2])
def test_a_caller_may_close_a_run(tiny_world, engine, count, samples):
    run: Any = engine.run(
        tiny_world.prompts, decide=all_decode, decode_options=GREEDY, samples=samples
    )
    found = list(itertools.islice(run, count))
    run.close()
    assert not torch.is_inference_mode_enabled()
    for output in found:
        prompt = tiny_world.prompts[output.index]
        check_output(tiny_world, prompt, output, options=GREEDY, samples=samples)
    check(tiny_world, engine, ALL_PROMPTS)


@pytest.mark.parametrize("call", [0, 1, 2])
def test_an_exception_in_decide_is_raised_and_breaks_nothing(tiny_world, engine, call):
    calls = itertools.count()

    def decide(prefill, group):
        if next(calls) == call:
            raise KeyError(group)
        return all_decode(prefill, group)

    run = engine.run(tiny_world.prompts, decide=decide, decode_options=GREEDY)
    found = []
    with pytest.raises(KeyError):
        found += run
    assert not torch.is_inference_mode_enabled()
    for output in found:
        check_output(tiny_world, tiny_world.prompts[output.index], output, options=GREEDY)
    check(tiny_world, engine, ALL_PROMPTS)


def test_two_runs_of_one_engine_may_alternate(tiny_world, engine):
    others = tiny_world.prompts[::-1]
    first = engine.run(tiny_world.prompts, decide=all_decode, decode_options=GREEDY, samples=2)
    second = engine.run(others, decide=all_decode, decode_options=GREEDY)
    for one, other in zip(first, second, strict=True):
        check_output(tiny_world, tiny_world.prompts[one.index], one, options=GREEDY, samples=2)
        check_output(tiny_world, others[other.index], other, options=GREEDY)


def test_decide_may_run_the_engine_itself(tiny_world, engine):
    nested = dataclasses.replace(ALL_PROMPTS, indices=(3, 0), decodes=(True, True))

    def decide(prefill, group):
        check(tiny_world, engine, nested)
        return all_decode(prefill, group)

    for output in engine.run(tiny_world.prompts, decide=decide, decode_options=GREEDY):
        check_output(tiny_world, tiny_world.prompts[output.index], output, options=GREEDY)


# Sampling


def sampled(engine, prompts, decodes, *, samples=3, seed=11):
    """The sampled outputs of the prompts that decode, by index."""

    def decide(_prefill, group):
        rows = [row for row, index in enumerate(group) if decodes[index]]
        return rows, [0.5] * len(group)

    found = engine.run(prompts, decide=decide, decode_options=WILD, samples=samples, seed=seed)
    return {output.index: output for output in found if output.completions}


@pytest.fixture(scope="module")
def together(tiny_world):
    found = sampled(BUILDERS["plain"](tiny_world.engine, Limits()), tiny_world.prompts, [True] * 8)
    assert len({one for output in found.values() for one in output.completions}) > 12
    return found


def test_sampled_completions_follow_the_rules_and_have_the_vector_of_their_embed_token(
    tiny_world, together
):
    slow = tiny_world.slow
    for index, output in together.items():
        for completion, vector in zip(output.completions, output.vectors, strict=True):
            *decoded, last = completion.token_ids
            assert last == tiny_world.embed_id
            assert not {*decoded} & {*slow.completion_format.forbidden}
            for position, token in enumerate(decoded):
                before = tuple(decoded[:position])
                assert slow.ending(before, token, budget=WILD.budget, repeats=WILD.repeats) is None
            assert (len(decoded) == WILD.budget) is (completion.ending is Ending.LENGTH)
            loops = any(is_loop((*decoded, token), WILD.repeats) for token in decoded)
            assert loops or completion.ending is not Ending.LOOP
            near(vector, slow.last_token(tiny_world.prompts[index], completion.token_ids).state)


@pytest.mark.slow
@settings(max_examples=25)
@given(
    decodes=st.lists(st.booleans(), min_size=8, max_size=8),
    rows=st.integers(1, 30),
    tokens=st.integers(1, 400),
    refill=st.floats(0.01, 1),
)
def test_sampling_a_row_depends_on_no_other_row(
    tiny_world, together, decodes, rows, tokens, refill
):
    for build in BUILDERS.values():
        engine = build(tiny_world.engine, Limits(rows=rows, tokens=tokens, refill=refill))
        found = sampled(engine, tiny_world.prompts, decodes)
        assert sorted(found) == [index for index, does in enumerate(decodes) if does]
        same(found, together)


def test_sampling_does_not_depend_on_the_number_of_prompts(tiny_world, engine, together):
    for prompts in (tiny_world.prompts[:1], tiny_world.prompts[:3]):
        same(sampled(engine, prompts, [True] * 8), together)


def test_another_seed_samples_otherwise(tiny_world, engine, together):
    found = sampled(engine, tiny_world.prompts, [True] * 8, seed=12)
    assert any(found[index].completions != together[index].completions for index in found)


def same(found, expected):
    for index, output in found.items():
        assert output.completions == expected[index].completions
        for vector, other in zip(output.vectors, expected[index].vectors, strict=True):
            near(vector, other)
