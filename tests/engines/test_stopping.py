"""Rows of any lengths stop side by side, as in a decode step."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines.stopping import (
    ENDING_CODES,
    ENDINGS,
    MAX_PATTERN_SIZE,
    RUNNING,
    StopCriteria,
    update_repeat_counts,
)
from forethought.types import CompletionFormat, Ending

FORMAT = CompletionFormat(embed_id=9, start=(), end_ids=(7, 8), forbidden=())
TOKENS = st.integers(0, 6)


def endings(rows, *, prompts=None, budget=999, repeats=3):
    """How each row would end with each of its tokens, if it does; no row is removed."""
    prompts = prompts or [[3]] * len(rows)
    texts = [[*prompt, *row] for prompt, row in zip(prompts, rows, strict=True)]
    # The tokens behind the end of a text are undefined.
    longest = max(map(len, texts))
    token_ids = torch.tensor([[*text, *[5] * (longest - len(text))] for text in texts])
    starts = torch.tensor([len(prompt) for prompt in prompts])
    ends = torch.tensor([len(text) for text in texts])
    lengths = starts.clone()
    counts = torch.zeros(len(rows), MAX_PATTERN_SIZE - 1, dtype=torch.long)
    stop = StopCriteria(FORMAT, budget, repeats)
    found: list[list[Ending | None]] = [[] for _ in rows]
    while (lengths < ends).any():
        next_ids = token_ids.gather(1, lengths.clamp(max=longest - 1)[:, None])[:, 0]
        updated = update_repeat_counts(
            counts, next_ids, token_ids=token_ids, starts=starts, lengths=lengths
        )
        codes = stop(next_ids, lengths - starts, updated).tolist()
        runs = lengths < ends
        for row, code in enumerate(codes):
            if runs[row]:
                found[row].append(None if code == RUNNING else ENDINGS[code])
        counts = torch.where(runs[:, None], updated, counts)
        lengths = lengths + runs
    return found


def last_endings(*rows, **options):
    """How each row would end with its last token."""
    return [row[-1] for row in endings(rows, **options)]


def is_loop(token_ids, repeats):
    """Whether the tokens end in a repeated pattern, by comparing slices."""
    sizes = range(2, MAX_PATTERN_SIZE + 1) if repeats else ()
    return any(
        len(token_ids) >= size * repeats
        and token_ids[-size * repeats :] == token_ids[-size:] * repeats
        for size in sizes
    )


def test_endings_have_different_codes():
    assert sorted(ENDING_CODES.values()) == list(range(len(Ending)))
    assert RUNNING not in ENDING_CODES.values()
    assert all(ENDINGS[code] is ending for ending, code in ENDING_CODES.items())


def test_rows_end_independently():
    assert last_endings([1, 2, 9], [8], [1, 2, 3], [4, 5, 6, 0, 1, 2], [1, 7], budget=5) == [
        Ending.EMBED,
        Ending.MALFORMED,
        None,
        Ending.LENGTH,
        Ending.MALFORMED,
    ]


def test_the_budget_takes_precedence_over_embed_over_turn_over_loop():
    # Five tokens are decoded: too late even for the embed token.
    assert last_endings([1, 2, 3, 4, 5, 9], [1, 2, 3, 4, 9], budget=5) == [
        Ending.LENGTH,
        Ending.EMBED,
    ]
    assert last_endings([1, 9] * 3, [1, 7] * 3, [1, 2] * 3) == [
        Ending.EMBED,
        Ending.MALFORMED,
        Ending.LOOP,
    ]
    both = StopCriteria(CompletionFormat(embed_id=9, start=(), end_ids=(9,), forbidden=()), 5, 0)
    none = torch.zeros(1, MAX_PATTERN_SIZE - 1, dtype=torch.long)
    assert both(torch.tensor([9]), torch.tensor([0]), none).tolist() == [ENDING_CODES[Ending.EMBED]]


def test_a_pattern_three_times_over_is_a_loop():
    assert last_endings([5, 1, 2, 1, 2, 1, 2], [5, 1, 2, 1, 2, 1]) == [Ending.LOOP, None]
    assert last_endings([5, 1, 2, 1, 2, 1, 2], repeats=4) == [None]


def test_repeats_are_counted_in_the_completion_only():
    # Behind a prompt of 4, 4, 4 come 4, 4, 4, 4: the third is two behind the first of them.
    token_ids, starts = torch.tensor([[4] * 7]), torch.tensor([3])
    counts = torch.zeros(1, MAX_PATTERN_SIZE - 1, dtype=torch.long)
    for length in (3, 4, 5, 6):
        counts = update_repeat_counts(
            counts,
            torch.tensor([4]),
            token_ids=token_ids,
            starts=starts,
            lengths=torch.tensor([length]),
        )
    assert counts[0].tolist() == [2, 1, *[0] * (MAX_PATTERN_SIZE - 3)]


def test_zero_repeats_detect_no_loop():
    assert endings([[1, 2] * 20, [4] * 50], repeats=0) == [[None] * 40, [None] * 50]


def test_a_single_repeated_token_is_a_pattern_of_two():
    assert last_endings([4] * 6, [4] * 5, [4] * 7) == [Ending.LOOP, None, Ending.LOOP]
    assert endings([[4] * 7])[0].index(Ending.LOOP) == 5


def test_a_pattern_in_the_prompt_does_not_count():
    prompts = [[1, 2] * 2, [1, 2] * 2, [0]]
    assert last_endings([1, 2], [1, 2] * 3, [1, 2] * 3, prompts=prompts) == [
        None,
        Ending.LOOP,
        Ending.LOOP,
    ]


@given(
    st.lists(TOKENS, max_size=9),
    st.lists(TOKENS, min_size=2, max_size=MAX_PATTERN_SIZE),
    st.integers(2, 6),
)
def test_any_pattern_is_found_behind_anything(before, pattern, repeats):
    rows = [*before, *pattern * repeats], pattern * repeats
    assert last_endings(*rows, repeats=repeats) == [Ending.LOOP] * 2


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
def test_exactly_the_loops_are_found_at_every_token(texts, repeats):
    prompts, rows = ([text[part] for text in texts] for part in (0, 1))
    expected = [
        [Ending.LOOP if is_loop(row[: end + 1], repeats) else None for end in range(len(row))]
        for row in rows
    ]
    assert endings(rows, prompts=prompts, repeats=repeats) == expected


def test_a_pattern_beyond_the_maximum_size_is_not_detected():
    pattern = list(range(100, 100 + MAX_PATTERN_SIZE + 1))
    assert last_endings(pattern * 4, pattern[:-1] * 4, repeats=4) == [None, Ending.LOOP]


@pytest.mark.parametrize("broken", range(6))
def test_a_pattern_with_one_wrong_token_is_no_loop(broken):
    completion = [1, 2, 3, 4, 5, 6] * 3
    completion[6 + broken] = 0
    assert last_endings(completion, [1, 2, 3, 4, 5, 6] * 3) == [None, Ending.LOOP]
