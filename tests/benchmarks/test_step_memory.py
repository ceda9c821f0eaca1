import torch
from torch.utils.checkpoint import checkpoint

from benchmarks.step_memory import LiveBytes, peak_bytes

CPU = torch.device("cpu")


def test_the_peak_is_of_what_is_in_use_at_once():
    def run():
        # 400 bytes, and 1,200 beside them; then 800 when those are gone.
        first = torch.zeros(100)
        second = torch.ones(300)
        del second
        return first, torch.zeros(200)

    assert peak_bytes(run, CPU) == 1600


def test_a_view_takes_nothing_and_what_was_there_before_does_not_count():
    before = torch.ones(50)
    with LiveBytes() as live:
        view = before.view(5, 10)[2:]
        view.add_(1)
        transposed = torch.ones(7, 3).T
    assert live.bytes == 84
    del transposed
    assert live.bytes == 0


def square_four_times(x):
    for _ in range(4):
        x = x.square()
    return x


def test_what_is_saved_for_the_backward_pass_counts_until_it_is_run():
    x = torch.ones(250, requires_grad=True)
    with LiveBytes() as live:
        loss = square_four_times(x)
        # The three inputs that were made, and the output.
        assert live.bytes == 4 * 1000
        loss.sum().backward()
        del loss
    assert live.bytes == 1000  # the gradient


def peak_of_checkpoints(parts):
    inputs = [torch.ones(250, requires_grad=True) for _ in range(parts)]
    for each in inputs:
        each.grad = torch.zeros(250)
    with LiveBytes() as live:
        outputs = [checkpoint(square_four_times, each, use_reentrant=False) for each in inputs]
        assert live.bytes == parts * 1000
        live.peak = 0
        torch.stack(outputs).sum().backward()
    return live.peak


def test_a_checkpoint_saves_its_output_alone_and_computes_the_rest_again():
    one, two, six = (peak_of_checkpoints(parts) for parts in (1, 2, 6))
    # More parts have more outputs, while what is computed again is of one part: three squares.
    assert six - two == 4 * (two - one) <= 4 * 2000
    assert one >= 1000 + 3000
