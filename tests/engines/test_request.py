import pytest
import torch

from forethought.backbones import PrefillCache
from forethought.engines.prefill import Prefill
from forethought.engines.request import Completion, FinishedRow, PendingRequests
from forethought.types import Ending

GROUP = [7, 2, 5]
GATES = [0.25, 0.5, 0.75]


def prefill():
    """Three prompts, whose direct states are 0, 1 and 2."""
    hidden = torch.arange(3.0)[:, None].expand(3, 4)
    return Prefill(((1, 2), (3,), (4, 5)), hidden, hidden, torch.arange(3), PrefillCache())


def finished(key):
    """A row whose vector and first token are its key."""
    return FinishedRow(key, torch.full((4,), float(key)), Completion((key, 9), Ending.EMBED))


def pending_with(samples, rows):
    pending = PendingRequests(samples)
    return pending, list(pending.add(GROUP, prefill(), rows=rows, gates=GATES))


def test_prompts_that_do_not_decode_have_their_output_at_once():
    pending, outputs = pending_with(2, [1])
    assert [(output.index, output.gate) for output in outputs] == [(7, 0.25), (5, 0.75)]
    assert [output.direct.tolist() for output in outputs] == [[0.0] * 4, [2.0] * 4]
    assert all(output.completions == output.vectors == () for output in outputs)
    assert len(pending) == 1


def test_a_request_is_complete_with_its_last_sample_in_the_order_of_samples():
    # Prompt 2 has rows 6 to 8 and prompt 7 rows 21 to 23.
    pending, outputs = pending_with(3, [0, 1])
    assert [output.index for output in outputs] == [5]
    assert list(pending.finish([finished(8), finished(22), finished(6), finished(23)])) == []
    assert len(pending) == 2
    (second,) = pending.finish([finished(7)])
    assert (second.index, second.gate, second.direct.tolist()) == (2, 0.5, [1.0] * 4)
    assert [completion.token_ids[0] for completion in second.completions] == [6, 7, 8]
    assert [vector[0].item() for vector in second.vectors] == [6.0, 7.0, 8.0]
    (first,) = pending.finish([finished(21)])
    assert (first.index, first.gate) == (7, 0.25)
    assert [completion.token_ids[0] for completion in first.completions] == [21, 22, 23]
    assert not pending


@pytest.mark.parametrize("keys", [[], [14]])
def test_a_cancelled_request_is_removed_with_all_its_rows(keys):
    pending, _ = pending_with(2, [0, 1])
    assert list(pending.finish([finished(key) for key in keys])) == []
    # 5 is complete, and 3 was never added.
    assert pending.cancel({7, 5, 3}) == {14, 15}
    assert pending.cancel({7, 5, 3}) == set()
    assert len(pending) == 1
    # Added again, it needs both of its rows again.
    assert not list(pending.add([7], prefill(), rows=[0], gates=[0.5]))
    assert list(pending.finish([finished(15)])) == []
    assert pending.cancel([7]) == {14, 15}
    (output,) = pending.finish([finished(5), finished(4)])
    assert output.index == 2
    assert not pending
