import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines.closing import SPAN, judge, loops
from forethought.types import Ending, Grammar

GRAMMAR = Grammar(embed_id=9, start=(), end_ids=(7, 8), forbidden=())


def ends(written, token, *, budget=5, repeats=3):
    return judge(written, token, grammar=GRAMMAR, budget=budget, repeats=repeats)


def test_a_row_ends_by_its_embed_token_its_turn_or_its_budget():
    assert ends([1, 2], 9) is Ending.EMBED
    assert ends([1, 2], 8) is Ending.MALFORMED
    assert ends([1, 2], 3) is None
    # Five are written and none embeds: too late even for the embed token.
    assert ends([1, 2, 3, 4, 5], 9) is Ending.LENGTH
    assert ends([1, 2, 3, 4], 9) is Ending.EMBED


def test_a_run_said_three_times_over_is_a_loop():
    assert ends([5, 1, 2, 1, 2, 1], 2, budget=90) is Ending.LOOP
    assert ends([5, 1, 2, 1, 2], 1, budget=90) is None
    assert ends([5, 1, 2, 1, 2, 1], 2, budget=90, repeats=0) is None


def test_one_token_alone_loops_when_it_fills_the_shortest_run():
    assert loops([4] * 6, repeats=3)
    assert not loops([4] * 5, repeats=3)


@given(
    st.lists(st.integers(0, 6), max_size=9),
    st.lists(st.integers(0, 6), min_size=2, max_size=SPAN),
    st.integers(2, 6),
)
def test_any_run_of_any_length_is_found_behind_anything(before, run, repeats):
    assert loops([*before, *run * repeats], repeats=repeats)


def test_a_run_longer_than_the_span_is_not_looked_for():
    run = list(range(SPAN + 1))
    assert not loops(run * 4, repeats=4)


@pytest.mark.parametrize("broken", range(6))
def test_a_loop_with_a_fault_in_it_is_none(broken):
    written = [1, 2, 3, 4, 5, 6] * 3
    written[6 + broken] = 0
    assert not loops(written, repeats=3)
