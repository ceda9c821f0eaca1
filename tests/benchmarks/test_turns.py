import numpy as np
import pytest
import torch

from benchmarks.stock import Answer
from benchmarks.turns import Entry, Turns

CPU = torch.device("cpu")


def echo(inputs):
    return Answer(np.ones((len(inputs), 2), np.float32), ((),) * len(inputs))


def broken(inputs):
    raise RuntimeError(f"no room for {len(inputs)}\nand much more that nobody reads")


def test_a_rival_that_fails_is_a_row_with_a_reason_and_the_others_go_on(inputs):
    turns = Turns({"works": Entry(echo, inputs, 3), "fails": Entry(broken, inputs, 5)})
    turns.run(repeats=2, device=CPU)
    works, fails = turns.row("g", "works", tokens=7), turns.row("g", "fails")
    assert works.times is not None
    assert (len(works.times.seconds), works.tokens, works.batch) == (2, 7, 3)
    assert (fails.times, fails.note) == (None, "failed: RuntimeError: no room for 4")


def test_what_fails_on_our_side_stops_the_run(inputs):
    with pytest.raises(RuntimeError, match="no room"):
        Turns({"fails": Entry(broken, inputs, 5, ours=True)}).run(repeats=1, device=CPU)


def test_a_warm_up_of_its_own_runs_instead_of_the_rival(inputs):
    ran = []

    def warm(shown):
        ran.append(len(shown))
        return echo(shown)

    turns = Turns({"works": Entry(echo, inputs * 2, 3, warm=warm)})
    turns.run(repeats=1, device=CPU)
    # Of eight inputs, the first four.
    assert ran == [4]
