import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines import Limits, bucket, padding

LENGTHS = st.lists(st.integers(1, 300), max_size=60)


@given(LENGTHS, st.integers(1, 9), st.integers(1, 900))
def test_every_prompt_is_in_one_group_within_the_limits(lengths, rows, tokens):
    groups = bucket(lengths, Limits(rows=rows, tokens=tokens))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        widest = max(lengths[index] for index in group)
        assert len(group) <= rows
        assert len(group) == 1 or len(group) * widest <= tokens


def test_alike_lengths_are_read_together():
    # Two rows at a time: 3 with 4, 9 with 10.
    assert bucket([10, 3, 9, 4], Limits(rows=2, tokens=99, waste=0.2)) == [[1, 3], [2, 0]]
    # A group of three tens would be thirty tokens wide: over 29.
    assert bucket([10, 10, 10], Limits(rows=9, tokens=29)) == [[0, 1], [2]]


def test_padding_is_the_share_of_what_is_computed_for_nothing():
    # (3, 4) takes 8 places, (9, 10) takes 20: 2 of 28 are padding.
    assert padding([10, 3, 9, 4], [[1, 3], [2, 0]]) == pytest.approx(2 / 28)
    assert padding([], []) == 0.0


@given(LENGTHS, st.floats(0.02, 0.5))
def test_no_more_is_padding_than_is_borne(lengths, waste):
    groups = bucket(lengths, Limits(rows=32, waste=waste))
    assert padding(lengths, groups) <= waste + 1e-9
