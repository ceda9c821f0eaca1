"""Whatever is run beside what, in whichever order: every answer is the slow engine's."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.engines import DecodeOptions, Limits, Sampling
from forethought.types import Ending
from tests.engines.slow import goes_round
from tests.parity.schedules import BUILDERS, LONGEST, World, check, check_answer, schedules

FAMILIES = ("ume_r1", "rge", "mmemb_r1")


def all_think(_prefill, group):
    return range(len(group)), [0.5] * len(group)


def endings(told: World, **how: int) -> set[Ending]:
    return {found.ending for found in told.thinks(**how)}


def test_rows_end_in_every_way_and_at_many_steps_here(tiny_world, worlds):
    # What the tests below rest on.
    every = [tiny_world, *worlds.values()]
    hows = ({"repeats": 2}, {"budget": 6})
    found = set().union(*(endings(told, **how) for told in every for how in hows))
    # Nothing settles unless it is asked to.
    assert found == set(Ending) - {Ending.EARLY_EXIT}
    for told in every:
        assert len(endings(told, repeats=2)) > 1
        assert len({len(found.token_ids) for found in told.thinks()}) > 2


def test_no_choice_is_a_close_call_here(tiny_world, worlds):
    # Else another order of sums might choose otherwise.
    for told in (tiny_world, *worlds.values()):
        for prompt, found in zip(told.prompts, told.thinks(), strict=True):
            for length in range(len(told.slow.completion_format.start), len(found.token_ids) - 1):
                first, second = told.slow.scores(prompt, found.token_ids[:length]).topk(2).values
                assert first - second > 1e-4


def test_the_slow_engines_loops_are_those_written_down_by_hand():
    assert goes_round((9, 1, 2, 1, 2, 1, 2), 3)
    assert not goes_round((9, 1, 2, 1, 2, 1, 2), 4)
    assert goes_round((4,) * 6, 3)
    assert not goes_round((4,) * 5, 3)
    assert not goes_round((1, 2) * 9, 0)
    assert goes_round((*range(16), *range(16)), 2)
    assert not goes_round((*range(17), *range(17)), 2)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@given(asked=schedules(count=8))
def test_no_schedule_changes_what_is_written_or_where_it_is_read(tiny_world, build, asked):
    check(tiny_world, build(tiny_world.engine, asked.limits), asked)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=20)
@given(data=st.data())
def test_no_schedule_changes_a_published_system(worlds, build, family, data):
    told = worlds[family]
    asked = data.draw(schedules(count=len(told.prompts)))
    check(told, build(told.engine, asked.limits), asked)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@settings(max_examples=15)
@given(asks=st.lists(schedules(count=8, longest=LONGEST // 3), min_size=2, max_size=4))
def test_an_engine_answers_one_question_after_another(tiny_world, build, asks):
    # What one run leaves behind, the next one must not see.
    engine = build(tiny_world.engine, Limits(rows=3, tokens=90, refill=0.4))
    for asked in asks:
        check(tiny_world, engine, dataclasses.replace(asked, limits=engine.limits))


@pytest.mark.parametrize("build", BUILDERS.values(), ids=list(BUILDERS))
@settings(max_examples=20)
@given(asked=schedules(count=8), gone=st.sets(st.integers(0, 15)), after=st.integers(0, 4))
def test_prompts_that_are_let_go_change_no_other(tiny_world, build, asked, gone, after):
    prompts = [tiny_world.prompts[place] for place in asked.places]
    dropped: set[int] = set()
    found = []
    engine = build(tiny_world.engine, asked.limits)
    decode_options = DecodeOptions(asked.budget, Sampling(), asked.repeats)
    if not after:
        dropped |= gone
    for answer in engine.run(
        prompts, decide=all_think, decode_options=decode_options, rows=asked.rows, dropped=dropped
    ):
        found.append(answer.index)
        check_answer(tiny_world, prompts[answer.index], answer, decode_options=decode_options)
        if len(found) == after:
            dropped |= gone - {*found}
    assert len(found) == len({*found})
    # Those that are let go at once never answer; all that stay always do.
    assert {*range(len(prompts))} - gone <= {*found}
    assert after or not {*found} & gone
