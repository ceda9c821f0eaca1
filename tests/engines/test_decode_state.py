import pytest
import torch

from forethought.engines.decode_state import DecodeState, NextTokens
from forethought.engines.stopping import ENDING_CODES, MAX_PATTERN_SIZE, RUNNING
from forethought.types import Ending

EMBED, LOOP = ENDING_CODES[Ending.EMBED], ENDING_CODES[Ending.LOOP]


@pytest.fixture
def state():
    """Three rows in use and one that is not; states of two numbers, at most seven tokens."""
    made = DecodeState.empty(4, max_length=7, draws=5, like=torch.zeros(9, 2))
    made.starts.copy_(torch.tensor([2, 1, 3, 0]))
    made.lengths.copy_(torch.tensor([4, 1, 3, 0]))
    made.positions.copy_(torch.tensor([14, 21, 33, 0]))
    made.token_ids.copy_(torch.arange(28).view(4, 7) + 100)
    made.uniform_draws.copy_(torch.arange(20).view(4, 5) / 32)
    made.last.copy_(torch.arange(8).view(4, 2))
    made.done[:3] = False
    return made


def chosen(*codes):
    count = len(codes)
    repeat_counts = torch.arange(count * (MAX_PATTERN_SIZE - 1)).view(count, -1) + 1
    return NextTokens(torch.arange(count) + 40, torch.tensor(codes), repeat_counts)


def mask(*rows, count=4):
    return torch.tensor([row in rows for row in range(count)])


def test_empty_rows_are_done_and_share_no_memory():
    made = DecodeState.empty(3, max_length=6, draws=2, like=torch.ones(5, 4, dtype=torch.float64))
    assert made.done.all()
    assert made.endings.tolist() == [RUNNING] * 3
    assert made.token_ids.shape == (3, 6)
    assert made.uniform_draws.shape == (3, 2)
    assert made.last.shape == made.vectors.shape == made.probes.shape == (3, 4)
    assert made.last.dtype is torch.float64
    made.starts.add_(1)
    made.last.add_(1)
    assert not made.lengths.any()
    assert not made.positions.any()
    assert not made.vectors.any()
    # Close to nothing yet.
    assert made.probes.isnan().all()


def test_a_token_is_appended_to_the_given_rows_only(state):
    before = state.token_ids.clone()
    state.append(chosen(RUNNING, EMBED, LOOP, RUNNING), mask(0, 2))
    assert (state.token_ids[0, 4], state.token_ids[2, 3]) == (40, 42)
    before[0, 4], before[2, 3] = 40, 42
    assert torch.equal(state.token_ids, before)
    assert state.endings.tolist() == [RUNNING, RUNNING, LOOP, RUNNING]
    assert state.repeat_counts[:, 0].tolist() == [1, 0, 31, 0]
    # They were not run yet.
    assert state.lengths.tolist() == [4, 1, 3, 0]
    assert not state.done[:3].any()


def test_a_row_that_ends_is_done_and_its_vector_is_stored(state):
    state.append(chosen(RUNNING, EMBED, LOOP, RUNNING), mask(0, 1, 2))
    state.advance(torch.tensor([[5.0, 6.0], [7.0, 8.0], [9.0, 1.0], [2.0, 3.0]]), mask(0, 1))
    assert state.lengths.tolist() == [5, 2, 3, 0]
    assert state.positions.tolist() == [15, 22, 33, 0]
    assert state.done.tolist() == [False, True, False, True]
    assert state.last.tolist() == [[5, 6], [7, 8], [4, 5], [6, 7]]
    # The third ends too, but its last token was not run.
    assert state.vectors.tolist() == [[0, 0], [7, 8], [0, 0], [0, 0]]


def test_the_first_rows_are_a_view(state):
    first = state.first(2)
    assert first.positions.tolist() == [14, 21]
    first.append(chosen(RUNNING, LOOP), mask(0, 1, count=2))
    first.advance(torch.tensor([[5.0, 6.0], [7.0, 8.0]]), mask(1, count=2))
    assert (state.token_ids[0, 4], state.token_ids[1, 1]) == (40, 41)
    assert state.done.tolist() == [False, True, False, True]
    assert state.vectors[1].tolist() == [7, 8]


def test_rows_are_inserted_from_the_given_one_on(state):
    new = DecodeState.empty(2, max_length=7, draws=5, like=torch.zeros(1, 2))
    new.starts.copy_(torch.tensor([6, 5]))
    new.probes.fill_(0.5)
    new.done[0] = False
    state.insert(2, new)
    assert state.starts.tolist() == [2, 1, 6, 5]
    assert state.done.tolist() == [False, False, False, True]
    assert state.probes[:, 1].isnan().tolist() == [True, True, False, False]
    assert not state.token_ids[2:].any()
    assert state.token_ids[1, 0] == 107


@pytest.mark.parametrize("order", [[2, 1], [1], [0, 2], [], [2, 0, 1]])
def test_rows_that_stay_come_first_in_the_given_order_and_the_others_are_done(state, order):
    names = ("token_ids", "starts", "lengths", "positions", "uniform_draws", "last", "done")
    before = {name: getattr(state, name).clone() for name in names}
    state.keep(order, count=3)
    for name, values in before.items():
        assert torch.equal(getattr(state, name)[: len(order)], values[order]), name
    assert state.done.tolist() == [False] * len(order) + [True] * (4 - len(order))
