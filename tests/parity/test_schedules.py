"""Every output equals the slow engine's, in any order and beside any other rows."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.engines import DecodeOptions, Limits, Sampling
from forethought.types import Ending
from tests.engines.slow import is_loop
from tests.parity.schedules import BUILDERS, LONGEST, World, check, check_output, schedules

FAMILIES = ("ume_r1", "rge", "mmemb_r1")


def all_decode(_prefill, group):
    return range(len(group)), [0.5] * len(group)


def endings(world: World, **options: int) -> set[Ending]:
    return {expected.ending for expected in world.expected(**options)}


def test_rows_end_in_every_way_and_at_many_steps_here(tiny_world, worlds):
    # Assumed by the tests below.
    every = [tiny_world, *worlds.values()]
    options = ({"repeats": 2}, {"budget": 6})
    found = set().union(*(endings(world, **one) for world in every for one in options))
    # There is no early exit without its option.
    assert found == set(Ending) - {Ending.EARLY_EXIT}
    for world in every:
        assert len(endings(world, repeats=2)) > 1
        assert len({len(expected.token_ids) for expected in world.expected()}) > 2


def test_no_choice_is_a_close_call_here(tiny_world, worlds):
    # Otherwise rounding in another order of summation might change a token.
    for world in (tiny_world, *worlds.values()):
        num_forced = len(world.slow.completion_format.start)
        for prompt, expected in zip(world.prompts, world.expected(), strict=True):
            for length in range(num_forced, len(expected.token_ids) - 1):
                logits = world.slow.logits(prompt, expected.token_ids[:length])
                first, second = logits.topk(2).values
                assert first - second > 1e-4


def test_the_slow_engine_detects_loops():
    assert is_loop((9, 1, 2, 1, 2, 1, 2), 3)
    assert not is_loop((9, 1, 2, 1, 2, 1, 2), 4)
    assert is_loop((4,) * 6, 3)
    assert not is_loop((4,) * 5, 3)
    assert not is_loop((1, 2) * 9, 0)
    assert is_loop((*range(16), *range(16)), 2)
    assert not is_loop((*range(17), *range(17)), 2)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@settings(max_examples=20)
@given(schedule=schedules(count=8))
def test_no_schedule_changes_an_output(tiny_world, build, schedule):
    check(tiny_world, build(tiny_world.engine, schedule.limits), schedule)


@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@settings(max_examples=150)
@given(schedule=schedules(count=8))
def test_none_of_many_schedules_changes_an_output(tiny_world, build, schedule):
    check(tiny_world, build(tiny_world.engine, schedule.limits), schedule)


def check_published(world: World, build, data):
    schedule = data.draw(schedules(count=len(world.prompts)))
    check(world, build(world.engine, schedule.limits), schedule)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=7)
@given(data=st.data())
def test_no_schedule_changes_a_published_system(worlds, build, family, data):
    check_published(worlds[family], build, data)


@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_none_of_many_schedules_changes_a_published_system(worlds, build, family, data):
    check_published(worlds[family], build, data)


@pytest.mark.slow
@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@settings(max_examples=6)
@given(several=st.lists(schedules(count=8, longest=LONGEST // 3), min_size=2, max_size=4))
def test_runs_of_one_engine_do_not_affect_each_other(tiny_world, build, several):
    engine = build(tiny_world.engine, Limits(rows=3, tokens=90, refill=0.4))
    for schedule in several:
        check(tiny_world, engine, dataclasses.replace(schedule, limits=engine.limits))


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@settings(max_examples=12)
@given(schedule=schedules(count=8), gone=st.sets(st.integers(0, 15)), after=st.integers(0, 4))
def test_cancelled_prompts_change_no_other(tiny_world, build, schedule, gone, after):
    prompts = [tiny_world.prompts[index] for index in schedule.indices]
    cancelled: set[int] = set()
    found = []
    engine = build(tiny_world.engine, schedule.limits)
    options = DecodeOptions(schedule.budget, Sampling(), schedule.repeats)
    if not after:
        cancelled |= gone
    for output in engine.run(
        prompts,
        decide=all_decode,
        decode_options=options,
        rows=schedule.rows,
        cancelled=cancelled,
    ):
        found.append(output.index)
        check_output(tiny_world, prompts[output.index], output, options=options)
        if len(found) == after:
            cancelled |= gone - {*found}
    assert len(found) == len({*found})
    # Prompts cancelled at once have no output; prompts that are not cancelled have one.
    assert {*range(len(prompts))} - gone <= {*found}
    assert after or not {*found} & gone
