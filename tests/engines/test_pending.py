import pytest
import torch
from transformers import DynamicCache

from forethought.engines.pending import PendingRequests
from forethought.engines.request import Completion, FinishedRow, Prefill
from forethought.types import Ending

GROUP = [7, 2, 5]
GATES = [0.25, 0.5, 0.75]


def prefill():
    """Three prompts, whose direct states are 0, 1 and 2."""
    states = torch.arange(3.0)[:, None].expand(3, 4)
    return Prefill(((1, 2), (3,), (4, 5)), states, states, torch.arange(3), DynamicCache())


def closed(key):
    """A row whose vector and tokens say its key."""
    return FinishedRow(key, torch.full((4,), float(key)), Completion((key, 9), Ending.EMBED))


def waiting(samples, rows):
    pending = PendingRequests(samples)
    return pending, list(pending.receive(GROUP, prefill(), rows=rows, gates=GATES))


def test_prompts_that_are_not_thought_about_are_answered_as_they_are_read():
    pending, answers = waiting(2, [1])
    assert [(answer.index, answer.gate) for answer in answers] == [(7, 0.25), (5, 0.75)]
    assert [answer.direct.tolist() for answer in answers] == [[0.0] * 4, [2.0] * 4]
    assert all(answer.completions == answer.vectors == () for answer in answers)
    assert len(pending) == 1


def test_a_prompt_is_answered_when_its_last_sample_is_back_in_the_order_of_samples():
    # Prompt 2 has rows 6 to 8 and prompt 7 rows 21 to 23.
    pending, answers = waiting(3, [0, 1])
    assert [answer.index for answer in answers] == [5]
    assert list(pending.hand_back([closed(8), closed(22), closed(6), closed(23)])) == []
    assert len(pending) == 2
    (second,) = pending.hand_back([closed(7)])
    assert (second.index, second.gate, second.direct.tolist()) == (2, 0.5, [1.0] * 4)
    assert [thought.token_ids[0] for thought in second.completions] == [6, 7, 8]
    assert [vector[0].item() for vector in second.vectors] == [6.0, 7.0, 8.0]
    (first,) = pending.hand_back([closed(21)])
    assert (first.index, first.gate) == (7, 0.25)
    assert [thought.token_ids[0] for thought in first.completions] == [21, 22, 23]
    assert not pending


@pytest.mark.parametrize("back", [[], [14]])
def test_a_prompt_that_is_dropped_is_forgotten_with_all_its_rows(back):
    pending, _ = waiting(2, [0, 1])
    assert list(pending.hand_back([closed(key) for key in back])) == []
    # 5 was answered, and nobody knows 3.
    assert pending.drop({7, 5, 3}) == {14, 15}
    assert pending.drop({7, 5, 3}) == set()
    assert len(pending) == 1
    # Asked anew, it waits for both of its rows.
    assert not list(pending.receive([7], prefill(), rows=[0], gates=[0.5]))
    assert list(pending.hand_back([closed(15)])) == []
    assert pending.drop([7]) == {14, 15}
    (answer,) = pending.hand_back([closed(5), closed(4)])
    assert answer.index == 2
    assert not pending
