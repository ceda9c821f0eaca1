import pytest
import torch

from forethought.engines.row_state import NextTokens, RowState
from forethought.engines.stopping import CODE, OPEN, SPAN
from forethought.types import Ending

EMBED, LOOP = CODE[Ending.EMBED], CODE[Ending.LOOP]


@pytest.fixture
def rows():
    """Three rows in use and one that is not; states of two numbers, room for seven tokens."""
    made = RowState.unused(4, room=7, draws=5, states=torch.zeros(9, 2))
    made.starts.copy_(torch.tensor([2, 1, 3, 0]))
    made.lengths.copy_(torch.tensor([4, 1, 3, 0]))
    made.positions.copy_(torch.tensor([14, 21, 33, 0]))
    made.history.copy_(torch.arange(28).view(4, 7) + 100)
    made.uniform_draws.copy_(torch.arange(20).view(4, 5) / 32)
    made.last.copy_(torch.arange(8).view(4, 2))
    made.done[:3] = False
    return made


def chosen(*codes):
    count = len(codes)
    runs = torch.arange(count * (SPAN - 1)).view(count, -1) + 1
    return NextTokens(torch.arange(count) + 40, torch.tensor(codes), runs)


def mask(*places, count=4):
    return torch.tensor([place in places for place in range(count)])


def test_rows_out_of_use_are_done_and_open_and_share_no_memory():
    made = RowState.unused(3, room=6, draws=2, states=torch.ones(5, 4, dtype=torch.float64))
    assert made.done.all()
    assert made.endings.tolist() == [OPEN] * 3
    assert made.history.shape == (3, 6)
    assert made.uniform_draws.shape == (3, 2)
    assert made.last.shape == made.vectors.shape == made.seen.shape == (3, 4)
    assert made.last.dtype is torch.float64
    made.starts.add_(1)
    made.last.add_(1)
    assert not made.lengths.any()
    assert not made.positions.any()
    assert not made.vectors.any()
    # Near to nothing yet.
    assert made.seen.isnan().all()


def test_a_token_is_put_behind_a_rows_own_and_nowhere_else(rows):
    before = rows.history.clone()
    rows.put(chosen(OPEN, EMBED, LOOP, OPEN), mask(0, 2))
    assert (rows.history[0, 4], rows.history[2, 3]) == (40, 42)
    before[0, 4], before[2, 3] = 40, 42
    assert torch.equal(rows.history, before)
    assert rows.endings.tolist() == [OPEN, OPEN, LOOP, OPEN]
    assert rows.runs[:, 0].tolist() == [1, 0, 31, 0]
    # It was not read yet.
    assert rows.lengths.tolist() == [4, 1, 3, 0]
    assert not rows.done[:3].any()


def test_what_was_read_counts_and_a_row_that_ends_is_done_with_its_state(rows):
    rows.put(chosen(OPEN, EMBED, LOOP, OPEN), mask(0, 1, 2))
    rows.note(torch.tensor([[5.0, 6.0], [7.0, 8.0], [9.0, 1.0], [2.0, 3.0]]), mask(0, 1))
    assert rows.lengths.tolist() == [5, 2, 3, 0]
    assert rows.positions.tolist() == [15, 22, 33, 0]
    assert rows.done.tolist() == [False, True, False, True]
    assert rows.last.tolist() == [[5, 6], [7, 8], [4, 5], [6, 7]]
    # The third ends too, but its last token was not read.
    assert rows.vectors.tolist() == [[0, 0], [7, 8], [0, 0], [0, 0]]


def test_what_is_written_to_a_part_is_written_to_the_whole(rows):
    part = rows.part(1, 3)
    assert part.positions.tolist() == [21, 33]
    part.put(chosen(OPEN, LOOP), mask(0, 1, count=2))
    part.note(torch.tensor([[5.0, 6.0], [7.0, 8.0]]), mask(1, count=2))
    assert (rows.history[1, 1], rows.history[2, 3]) == (40, 41)
    assert rows.done.tolist() == [False, False, True, True]
    assert rows.vectors[2].tolist() == [7, 8]


def test_rows_are_filled_in_where_they_are_told_to_stand(rows):
    new = RowState.unused(2, room=7, draws=5, states=torch.zeros(1, 2))
    new.starts.copy_(torch.tensor([6, 5]))
    new.seen.fill_(0.5)
    new.done[0] = False
    rows.fill(2, new)
    assert rows.starts.tolist() == [2, 1, 6, 5]
    assert rows.done.tolist() == [False, False, False, True]
    assert rows.seen[:, 1].isnan().tolist() == [True, True, False, False]
    assert not rows.history[2:].any()
    assert rows.history[1, 0] == 107


@pytest.mark.parametrize("order", [[2, 1], [1], [0, 2], [], [2, 0, 1]])
def test_those_kept_stand_first_in_the_order_told_and_the_rest_are_out_of_use(rows, order):
    names = ("history", "starts", "lengths", "positions", "chances", "last", "done")
    before = {name: getattr(rows, name).clone() for name in names}
    rows.keep(order, count=3)
    for name, values in before.items():
        assert torch.equal(getattr(rows, name)[: len(order)], values[order]), name
    assert rows.done.tolist() == [False] * len(order) + [True] * (4 - len(order))


def test_completions_are_found_where_they_stand(rows):
    found = rows.written
    assert found["history"] is rows.history
    assert found["starts"].tolist() == [2, 1, 3, 0]
    assert found["lengths"].tolist() == [4, 1, 3, 0]
