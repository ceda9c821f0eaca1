import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.engines import Limits, bucket, padding
from forethought.engines.scheduler import Queue

LENGTHS = st.lists(st.integers(1, 300), max_size=60)


@given(LENGTHS, st.integers(1, 9), st.integers(1, 900))
def test_every_prompt_is_in_one_group_within_the_limits(lengths, rows, tokens):
    groups = bucket(lengths, Limits(rows=rows, tokens=tokens))
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        widest = max(lengths[index] for index in group)
        assert len(group) <= rows
        assert len(group) == 1 or len(group) * widest <= tokens


def test_similar_lengths_are_grouped():
    # Two rows at a time: 3 with 4, 9 with 10.
    assert bucket([10, 3, 9, 4], Limits(rows=2, tokens=99, waste=0.2)) == [[1, 3], [2, 0]]
    # A group of three tens would be thirty tokens wide: over 29.
    assert bucket([10, 10, 10], Limits(rows=9, tokens=29)) == [[0, 1], [2]]


def test_padding_is_a_share_of_the_computed_tokens():
    # (3, 4) takes 8 tokens, (9, 10) takes 20: 2 of 28 are padding.
    assert padding([10, 3, 9, 4], [[1, 3], [2, 0]]) == pytest.approx(2 / 28)
    assert padding([], []) == 0.0


@given(LENGTHS, st.floats(0.02, 0.5))
def test_padding_is_within_the_limit(lengths, waste):
    groups = bucket(lengths, Limits(rows=32, waste=waste))
    assert padding(lengths, groups) <= waste + 1e-9


def test_a_queue_gives_groups_shortest_first_and_at_most_as_many_as_requested():
    queue = Queue([10, 3, 9, 4, 3], Limits(rows=3, waste=0.3))
    # 3, 3 and 4 are a group, and 9 and 10.
    assert len(queue) == 2
    assert queue.take(2) == [1, 4]
    assert queue.take(9) == [3]
    assert len(queue) == 1
    # At least one.
    assert queue.take(0) == [2]
    assert queue.take(1) == [0]
    assert not queue


@pytest.mark.parametrize(
    ("group", "halves"), [([5, 6], [[5], [6]]), ([4, 7, 9], [[4], [7, 9]]), ([0, 1, 2, 3], None)]
)
def test_a_group_that_is_put_back_comes_next_in_two_halves(group, halves):
    queue = Queue([2, 2], Limits(rows=9))
    queue.put_back(group)
    first, second = halves or [[0, 1], [2, 3]]
    assert [queue.take(9) for _ in range(3)] == [first, second, [0, 1]]
    assert not queue


@given(LENGTHS, st.integers(1, 9), st.data())
def test_every_prompt_is_taken_once_whatever_is_put_back(lengths, rows, data):
    queue = Queue(lengths, Limits(rows=rows))
    taken: list[int] = []
    while queue:
        most = data.draw(st.integers(0, 10))
        group = queue.take(most)
        assert 1 <= len(group) <= min(rows, max(1, most))
        if len(group) > 1 and data.draw(st.booleans()):
            queue.put_back(group)
        else:
            taken += group
    assert sorted(taken) == list(range(len(lengths)))


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({"rows": 0}, "rows must be a whole number of at least 1, got 0"),
        ({"tokens": 0}, "tokens must be a whole number of at least 1, got 0"),
        ({"cache": "int3"}, "unknown dtype of the cache 'int3'; known: float32"),
        ({"waste": 1.1}, r"waste must be in \[0, 1\], got 1.1"),
        ({"waste": -0.1}, r"waste must be in \[0, 1\], got -0.1"),
        ({"refill": -0.5}, r"refill must be in \[0, 1\], got -0.5"),
        ({"refill": 1.5}, r"refill must be in \[0, 1\], got 1.5"),
    ],
)
def test_limits_out_of_range_are_refused(limits, message):
    with pytest.raises(ValueError, match=message):
        Limits(**limits)
