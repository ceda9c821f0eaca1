"""The schedules that engines get wrong, one test each."""

import dataclasses
import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.engines import DecodeOptions, Limits, Sampling
from forethought.types import Ending
from tests.engines.slow import SlowEngine, goes_round
from tests.parity.schedules import (
    BUILDERS,
    Schedule,
    World,
    chance,
    check,
    check_answer,
    near,
)

GREEDY = DecodeOptions(budget=16, sampling=Sampling(), repeats=3)
WILD = DecodeOptions(budget=12, sampling=Sampling(temperature=1.3, top_p=0.95, top_k=90), repeats=2)
FEW = Limits(rows=3, tokens=90, waste=0.5, refill=0.4)
EVERYBODY = Schedule(
    places=(4, 1, 7, 0, 3, 6, 2, 5),
    thinks=(True,) * 8,
    backwards=False,
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


def all_think(_prefill, group):
    return list(range(len(group))), [chance(index) for index in group]


def asked(told, build, places, **changed):
    schedule = dataclasses.replace(
        EVERYBODY, places=tuple(places), thinks=(True,) * len(places), **changed
    )
    check(told, build(told.engine, schedule.limits), schedule)


def with_grammar(told, **changed):
    """The same network and prompts under other rules."""
    completion_format = dataclasses.replace(told.engine.completion_format, **changed)
    engine = dataclasses.replace(told.engine, completion_format=completion_format)
    return World(engine, told.prompts, SlowEngine(told.slow.network, completion_format))


# Closing


@pytest.mark.parametrize("rows", [1, 3, 8])
@pytest.mark.parametrize("budget", [1, 2, 5])
def test_all_rows_close_at_the_same_step(tiny_world, build, budget, rows):
    found = tiny_world.thinks(budget=budget)
    assert {one.ending for one in found} == {Ending.LENGTH}
    asked(tiny_world, build, range(8), budget=budget, limits=Limits(rows=rows, waste=0.9))


@pytest.mark.parametrize("ranks", [(0, 1, 0, 1, 0, 7), (1, 1, 7, 0, 0), (7, 0, 1, 1, 1, 0, 0)])
def test_several_rows_close_at_one_step_and_others_go_on(tiny_world, build, ranks):
    # The shortest rationale several times over, with rows before, between and behind that stay.
    lengths = [len(found.token_ids) for found in tiny_world.thinks()]
    order = sorted(range(8), key=lengths.__getitem__)
    assert lengths[order[0]] < lengths[order[7]]
    places = [order[rank] for rank in ranks]
    for limits in (Limits(rows=7, waste=0.9), Limits(rows=4, waste=0.9, refill=0.1)):
        asked(tiny_world, build, places, budget=24, repeats=0, limits=limits)


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("rows", [1, 2, 6])
def test_a_row_closes_at_its_first_token_beside_others_that_do_not(worlds, build, rows, samples):
    told = worlds["rge"]
    lengths = [len(found.token_ids) for found in told.thinks()]
    assert lengths.count(1) == 1
    first = lengths.index(1)
    for places in ((first,), (first, 1, first, first), (5, first, 2, 3, first)):
        asked(told, build, places, samples=samples, limits=Limits(rows=rows, waste=0.9))


def test_every_row_closes_at_its_first_token(tiny_world, build):
    # Every completion is forced to start with the token that is now the embed token.
    told = with_grammar(tiny_world, start=(40,), embed_id=40)
    assert {(found.token_ids, found.ending) for found in told.thinks()} == {((40,), Ending.EMBED)}
    asked(told, build, (*range(8), *range(8)), samples=2)


def test_a_first_token_may_end_the_turn_too(tiny_world, build):
    told = with_grammar(tiny_world, start=(40,), end_ids=(40, 2))
    assert {(one.token_ids, one.ending) for one in told.thinks()} == {
        ((told.embed_id,), Ending.MALFORMED)
    }
    asked(told, build, range(8))


@pytest.mark.parametrize("start", [(44, 7, 281), (20, 21, 22, 23, 24)])
@pytest.mark.parametrize("budget", [1, 3, 4, 16])
def test_a_start_is_written_by_rows_that_enter_late_and_is_cut_by_a_budget(
    tiny_world, build, start, budget
):
    told = with_grammar(tiny_world, start=start)
    asked(told, build, (*range(8), 2, 5), budget=budget)


@pytest.mark.parametrize("repeats", [2, 3])
@pytest.mark.parametrize("size", [2, 15, 16, 17])
def test_a_run_is_a_loop_up_to_its_longest(tiny_world, build, size, repeats):
    # Rows are made to say it: of a run of seventeen they are let off.
    run = tuple(range(30, 30 + size))
    told = with_grammar(tiny_world, start=run * repeats)
    whole = (*(run * repeats)[:-1], told.embed_id)
    for found in told.thinks(budget=60, repeats=repeats):
        assert (found.token_ids == whole) is (size < 17)
    asked(told, build, range(8), budget=60, repeats=repeats)


@pytest.mark.parametrize("place", [1, 3, 6])
@pytest.mark.parametrize("rows", [1, 4, 20])
def test_prompts_that_are_all_alike(tiny_world, build, place, rows):
    asked(tiny_world, build, [place] * 9, samples=2, limits=Limits(rows=rows))


def test_no_prompts_are_no_answers(engine):
    for how in ({}, {"samples": 3, "seed": 5}, {"rows": 2}):
        assert list(engine.run([], decide=all_think, decode_options=GREEDY, **how)) == []
    assert list(engine.run([], decide=all_think, decode_options=None)) == []


def test_where_nothing_is_to_be_written_nothing_is(tiny_world, engine):
    found = list(
        engine.run(
            tiny_world.prompts,
            decide=lambda _, group: ([], [0.25] * len(group)),
            decode_options=None,
        )
    )
    assert sorted(answer.index for answer in found) == list(range(8))
    for answer in found:
        assert (answer.completions, answer.vectors) == ((), ())
        near(answer.direct, tiny_world.slow.direct(tiny_world.prompts[answer.index]))


# Stopping


@pytest.mark.parametrize("count", [0, 1, 3, 7])
@pytest.mark.parametrize("samples", [1, 2])
def test_a_caller_may_stop_listening(tiny_world, engine, count, samples):
    run: Any = engine.run(
        tiny_world.prompts, decide=all_think, decode_options=GREEDY, samples=samples
    )
    found = list(itertools.islice(run, count))
    run.close()
    assert not torch.is_inference_mode_enabled()
    for answer in found:
        prompt = tiny_world.prompts[answer.index]
        check_answer(tiny_world, prompt, answer, decode_options=GREEDY, samples=samples)
    check(tiny_world, engine, EVERYBODY)


@pytest.mark.parametrize("call", [0, 1, 2])
def test_a_decision_that_fails_is_the_callers_and_breaks_nothing(tiny_world, engine, call):
    calls = itertools.count()

    def decide(prefill, group):
        if next(calls) == call:
            raise KeyError(group)
        return all_think(prefill, group)

    run = engine.run(tiny_world.prompts, decide=decide, decode_options=GREEDY)
    found = []
    with pytest.raises(KeyError):
        found += run
    assert not torch.is_inference_mode_enabled()
    for answer in found:
        check_answer(tiny_world, tiny_world.prompts[answer.index], answer, decode_options=GREEDY)
    check(tiny_world, engine, EVERYBODY)


def test_two_runs_of_one_engine_take_turns(tiny_world, engine):
    others = tiny_world.prompts[::-1]
    first = engine.run(tiny_world.prompts, decide=all_think, decode_options=GREEDY, samples=2)
    second = engine.run(others, decide=all_think, decode_options=GREEDY)
    for one, other in zip(first, second, strict=True):
        check_answer(
            tiny_world, tiny_world.prompts[one.index], one, decode_options=GREEDY, samples=2
        )
        check_answer(tiny_world, others[other.index], other, decode_options=GREEDY)


def test_a_decision_may_ask_the_engine_itself(tiny_world, engine):
    nested = dataclasses.replace(EVERYBODY, places=(3, 0), thinks=(True, True))

    def decide(prefill, group):
        check(tiny_world, engine, nested)
        return all_think(prefill, group)

    for answer in engine.run(tiny_world.prompts, decide=decide, decode_options=GREEDY):
        check_answer(tiny_world, tiny_world.prompts[answer.index], answer, decode_options=GREEDY)


# Chance


def drawn(engine, prompts, thinks, *, samples=3, seed=11):
    """What was drawn, and the vectors, of those prompts that are thought about."""

    def decide(_prefill, group):
        rows = [row for row, index in enumerate(group) if thinks[index]]
        return rows, [0.5] * len(group)

    found = engine.run(prompts, decide=decide, decode_options=WILD, samples=samples, seed=seed)
    return {answer.index: answer for answer in found if answer.completions}


@pytest.fixture(scope="module")
def together(tiny_world):
    found = drawn(BUILDERS["plain"](tiny_world.engine, Limits()), tiny_world.prompts, [True] * 8)
    assert len({thought for answer in found.values() for thought in answer.completions}) > 12
    return found


def test_what_is_drawn_keeps_the_rules_and_is_read_at_its_own_embed_token(tiny_world, together):
    slow = tiny_world.slow
    for index, answer in together.items():
        for thought, vector in zip(answer.completions, answer.vectors, strict=True):
            *written, last = thought.token_ids
            assert last == tiny_world.embed_id
            assert not {*written} & {*slow.completion_format.forbidden}
            for at, token in enumerate(written):
                said = tuple(written[:at])
                assert slow.ending(said, token, budget=WILD.budget, repeats=WILD.repeats) is None
            assert (len(written) == WILD.budget) is (thought.ending is Ending.LENGTH)
            loops = any(goes_round((*written, token), WILD.repeats) for token in written)
            assert loops or thought.ending is not Ending.LOOP
            near(vector, slow.behind(tiny_world.prompts[index], thought.token_ids).state)


@settings(max_examples=25)
@given(
    thinks=st.lists(st.booleans(), min_size=8, max_size=8),
    rows=st.integers(1, 30),
    tokens=st.integers(1, 400),
    refill=st.floats(0.01, 1),
)
def test_what_a_row_draws_is_its_own_in_any_company(
    tiny_world, together, thinks, rows, tokens, refill
):
    for build in BUILDERS.values():
        engine = build(tiny_world.engine, Limits(rows=rows, tokens=tokens, refill=refill))
        found = drawn(engine, tiny_world.prompts, thinks)
        assert sorted(found) == [index for index, think in enumerate(thinks) if think]
        same(found, together)


def test_what_a_row_draws_alone_it_draws_in_company(tiny_world, engine, together):
    for prompts in (tiny_world.prompts[:1], tiny_world.prompts[:3]):
        same(drawn(engine, prompts, [True] * 8), together)


def test_another_seed_draws_otherwise(tiny_world, engine, together):
    found = drawn(engine, tiny_world.prompts, [True] * 8, seed=12)
    assert any(found[index].completions != together[index].completions for index in found)


def same(found, expected):
    for index, answer in found.items():
        assert answer.completions == expected[index].completions
        for vector, other in zip(answer.vectors, expected[index].vectors, strict=True):
            near(vector, other)
