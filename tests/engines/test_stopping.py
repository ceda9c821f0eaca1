"""Rows of any lengths judged side by side, as the writer has them judged."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines.stopping import CODE, ENDINGS, OPEN, SPAN, StopCriteria, extended
from forethought.types import CompletionFormat, Ending

GRAMMAR = CompletionFormat(embed_id=9, start=(), end_ids=(7, 8), forbidden=())
WORDS = st.integers(0, 6)


def judged(rows, *, prompts=None, budget=999, repeats=3):
    """How each row would end by each of its tokens, if it does; none of them is closed by it."""
    prompts = prompts or [[3]] * len(rows)
    whole = [[*prompt, *row] for prompt, row in zip(prompts, rows, strict=True)]
    # Behind its end stands what another row would say: nobody may look there.
    room = max(map(len, whole))
    history = torch.tensor([[*text, *[5] * (room - len(text))] for text in whole])
    starts = torch.tensor([len(prompt) for prompt in prompts])
    ends = torch.tensor([len(text) for text in whole])
    lengths = starts.clone()
    runs = torch.zeros(len(rows), SPAN - 1, dtype=torch.long)
    judge = StopCriteria(GRAMMAR, budget, repeats)
    found: list[list[Ending | None]] = [[] for _ in rows]
    while (lengths < ends).any():
        tokens = history.gather(1, lengths.clamp(max=room - 1)[:, None])[:, 0]
        more = extended(runs, tokens, history=history, starts=starts, lengths=lengths)
        codes = judge(tokens, lengths - starts, more).tolist()
        writes = lengths < ends
        for row, code in enumerate(codes):
            if writes[row]:
                found[row].append(None if code == OPEN else ENDINGS[code])
        runs = torch.where(writes[:, None], more, runs)
        lengths = lengths + writes
    return found


def ends(*rows, **how):
    """How each row would end by its last token."""
    return [told[-1] for told in judged(rows, **how)]


def loops(said, repeats):
    """Whether the last tokens are one run over and over, looked up the long way."""
    sizes = range(2, SPAN + 1) if repeats else ()
    return any(
        len(said) >= size * repeats and said[-size * repeats :] == said[-size:] * repeats
        for size in sizes
    )


def test_every_ending_has_a_code_of_its_own():
    assert sorted(CODE.values()) == list(range(len(Ending)))
    assert OPEN not in CODE.values()
    assert all(ENDINGS[code] is ending for ending, code in CODE.items())


def test_rows_end_side_by_side_each_by_its_own_token_or_budget():
    assert ends([1, 2, 9], [8], [1, 2, 3], [4, 5, 6, 0, 1, 2], [1, 7], budget=5) == [
        Ending.EMBED,
        Ending.MALFORMED,
        None,
        Ending.LENGTH,
        Ending.MALFORMED,
    ]


def test_a_full_budget_goes_before_embedding_that_before_a_turn_and_that_before_a_loop():
    # Five are written and none embeds: too late even for the embed token.
    assert ends([1, 2, 3, 4, 5, 9], [1, 2, 3, 4, 9], budget=5) == [Ending.LENGTH, Ending.EMBED]
    assert ends([1, 9] * 3, [1, 7] * 3, [1, 2] * 3) == [Ending.EMBED, Ending.MALFORMED, Ending.LOOP]
    both = StopCriteria(CompletionFormat(embed_id=9, start=(), end_ids=(9,), forbidden=()), 5, 0)
    none = torch.zeros(1, SPAN - 1, dtype=torch.long)
    assert both(torch.tensor([9]), torch.tensor([0]), none).tolist() == [CODE[Ending.EMBED]]


def test_a_run_said_three_times_over_is_a_loop():
    assert ends([5, 1, 2, 1, 2, 1, 2], [5, 1, 2, 1, 2, 1]) == [Ending.LOOP, None]
    assert ends([5, 1, 2, 1, 2, 1, 2], repeats=4) == [None]


def test_only_what_the_row_itself_wrote_is_counted():
    # Behind a prompt of 4, 4, 4 the row says 4, 4, 4, 4: the third stands two behind its first.
    history, starts = torch.tensor([[4] * 7]), torch.tensor([3])
    runs = torch.zeros(1, SPAN - 1, dtype=torch.long)
    for length in (3, 4, 5, 6):
        at = torch.tensor([length])
        runs = extended(runs, torch.tensor([4]), history=history, starts=starts, lengths=at)
    assert runs[0].tolist() == [2, 1, *[0] * (SPAN - 3)]


def test_nobody_looks_for_loops_where_none_is_too_many():
    assert judged([[1, 2] * 20, [4] * 50], repeats=0) == [[None] * 40, [None] * 50]


def test_one_token_alone_loops_when_it_fills_the_shortest_run():
    assert ends([4] * 6, [4] * 5, [4] * 7) == [Ending.LOOP, None, Ending.LOOP]
    assert judged([[4] * 7])[0].index(Ending.LOOP) == 5


def test_what_stands_in_the_prompt_is_not_said_over_again():
    prompts = [[1, 2] * 2, [1, 2] * 2, [0]]
    assert ends([1, 2], [1, 2] * 3, [1, 2] * 3, prompts=prompts) == [None, Ending.LOOP, Ending.LOOP]


@given(
    st.lists(WORDS, max_size=9),
    st.lists(WORDS, min_size=2, max_size=SPAN),
    st.integers(2, 6),
)
def test_any_run_of_any_length_is_found_behind_anything(before, run, repeats):
    assert ends([*before, *run * repeats], run * repeats, repeats=repeats) == [Ending.LOOP] * 2


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(0, 2), max_size=5),
            st.lists(st.integers(0, 2), min_size=1, max_size=24),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 4),
)
def test_just_what_is_a_loop_is_found_at_every_token(texts, repeats):
    prompts, rows = ([text[part] for text in texts] for part in (0, 1))
    expected = [
        [Ending.LOOP if loops(row[: end + 1], repeats) else None for end in range(len(row))]
        for row in rows
    ]
    assert judged(rows, prompts=prompts, repeats=repeats) == expected


def test_a_run_longer_than_the_span_is_not_looked_for():
    run = list(range(100, 100 + SPAN + 1))
    assert ends(run * 4, run[:-1] * 4, repeats=4) == [None, Ending.LOOP]


@pytest.mark.parametrize("broken", range(6))
def test_a_loop_with_a_fault_in_it_is_none(broken):
    written = [1, 2, 3, 4, 5, 6] * 3
    written[6 + broken] = 0
    assert ends(written, [1, 2, 3, 4, 5, 6] * 3) == [None, Ending.LOOP]
