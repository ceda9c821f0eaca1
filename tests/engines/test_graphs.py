from functools import partial

import pytest
import torch

from forethought.engines.graphs import PLACES, Captured, Eager, Graphs, graphs_for

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="captures need a CUDA device")


def test_without_graphs_just_what_is_there_is_run_at_once():
    eager = Eager()
    assert isinstance(eager, Graphs)
    assert eager.patience == 1
    assert [eager.rows(count, most=9) for count in (1, 3, 9)] == [1, 3, 9]
    assert [eager.width(places, most=70) for places in (1, 33, 70, 80)] == [1, 33, 70, 70]
    runs: list[int] = []
    for _ in range(3):
        eager.run("one", lambda: runs.append(len(runs)))
    assert runs == [0, 1, 2]


def test_a_processor_has_no_graphs():
    assert isinstance(graphs_for(torch.device("cpu")), Eager)


@pytest.mark.gpu
@on_cuda
def test_with_graphs_rows_and_widths_are_rounded_up_to_few_shapes():
    captured = graphs_for(torch.device("cuda"))
    assert isinstance(captured, Captured)
    assert isinstance(captured, Graphs)
    assert captured.patience > 1
    assert [captured.rows(count, most=48) for count in (1, 2, 3, 5, 8, 33)] == [1, 2, 4, 8, 8, 48]
    widths = [captured.width(places, most=3 * PLACES - 1) for places in (1, PLACES, PLACES + 1)]
    assert widths == [PLACES, PLACES, 2 * PLACES]
    assert captured.width(2 * PLACES + 1, most=3 * PLACES - 1) == 3 * PLACES - 1


@pytest.mark.gpu
@on_cuda
@torch.inference_mode()
def test_a_replayed_step_does_what_it_did_when_it_was_run():
    ways: list[tuple[Graphs, torch.Tensor]] = [
        (way, torch.arange(6.0, device="cuda").view(2, 3)) for way in (Eager(), Captured())
    ]
    weight = torch.linspace(-1, 1, 9, device="cuda").view(3, 3)
    passes = torch.zeros(2, device="cuda")

    def advance(state: torch.Tensor, count: int, at: int) -> None:
        passes[at] += 1
        state[:count].copy_((state[:count] @ weight).tanh() + state[:count])

    for at, (way, state) in enumerate(ways):
        for count in (2, 1, 2, 2, 1, 2, 1, 1):
            way.run(count, partial(advance, state, count, at))
            # What a graph reads it reads anew each time.
            state[0, 1] += 1
    torch.testing.assert_close(ways[0][1], ways[1][1])
    assert passes.tolist() == [8, 8]
