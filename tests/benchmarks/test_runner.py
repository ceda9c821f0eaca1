import numpy as np
import pytest
import torch

from benchmarks.results import EmbedOutput
from benchmarks.runner import Case, Runner

CPU = torch.device("cpu")


def ones(inputs):
    return EmbedOutput(np.ones((len(inputs), 2), np.float32), ((),) * len(inputs))


def broken(inputs):
    raise RuntimeError(f"no memory for {len(inputs)}\nand a second line")


def test_a_baseline_that_fails_is_a_result_with_its_reason_and_the_others_run(inputs):
    runner = Runner({"works": Case(ones, inputs, 3), "fails": Case(broken, inputs, 5)})
    runner.run(repeats=2, device=CPU)
    works, fails = runner.result("g", "works", tokens=7), runner.result("g", "fails")
    assert works.times is not None
    assert (len(works.times.seconds), works.tokens, works.batch) == (2, 7, 3)
    assert (fails.times, fails.note) == (None, "failed: RuntimeError: no memory for 4")


def test_a_failure_of_ours_stops_the_run(inputs):
    with pytest.raises(RuntimeError, match="no memory"):
        Runner({"fails": Case(broken, inputs, 5, ours=True)}).run(repeats=1, device=CPU)


def test_a_warm_up_runs_on_the_first_inputs_instead_of_the_case(inputs):
    sizes = []

    def warm_up(some):
        sizes.append(len(some))
        return ones(some)

    runner = Runner({"works": Case(ones, inputs * 2, 3, warm_up=warm_up)})
    runner.run(repeats=1, device=CPU)
    # Of eight inputs, the first four.
    assert sizes == [4]
