"""Two processes against one: `two_processes` says what they do."""

import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from forethought.training.journal import Journal
from forethought.training.parallel import Parallel, clear_unused
from forethought.training.run_folder import RunFolder
from tests import tiny
from tests.training import runs, two_processes

RUNS = [f"{parallel}-{grad_cache}" for parallel in Parallel for grad_cache in (False, True)]


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder of what two processes wrote, each by its rank."""
    data = tiny.build(tmp_path_factory.mktemp("data"))
    two_processes.lines(data)
    folder = tmp_path_factory.mktemp("two")
    two_processes.launch("-m", two_processes.__name__, data, folder)
    return folder


@pytest.fixture(scope="module")
def found(out):
    """What each process found."""
    return [json.loads((out / f"{rank}.json").read_text()) for rank in (0, 1)]


def checkpoint(out, run, file="weights"):
    return load_file(RunFolder(out / run).latest / f"{file}.safetensors")


@pytest.mark.parametrize("run", RUNS)
def test_two_processes_have_the_losses_and_norms_of_one(found, run):
    alone = found[0]["alone"]
    assert [entry["stage"] for entry in alone] == ["contrastive", *["cold-start"] * 3, "lone"]
    # Every term takes part, and no step is without one that counts.
    assert len(alone[1]["terms"]) == 6
    assert all(entry["norm"] > 0.1 for entry in alone)
    for process in found:
        for one, both in zip(alone, process["entries"][run], strict=True):
            assert both["loss"] == pytest.approx(one["loss"], rel=1e-4)
            assert both["norm"] == pytest.approx(one["norm"], rel=1e-4)
            assert both["terms"] == pytest.approx(one["terms"], rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("run", RUNS)
def test_two_processes_end_at_the_weights_of_one(out, found, run):
    alone, both = checkpoint(out, "alone"), checkpoint(out, run)
    assert set(alone) == set(both)
    for name, weight in alone.items():
        # The smallest step of a weight is about 1e-3.
        torch.testing.assert_close(both[name], weight, rtol=1e-4, atol=1e-5)
    first, second = (process["weights"][run] for process in found)
    assert first == second


@pytest.mark.parametrize("parallel", list(Parallel))
@pytest.mark.parametrize("file", ["weights", "optimizer"])
def test_a_checkpoint_of_either_kind_of_run_is_read_by_the_other(out, parallel, file):
    written, again = checkpoint(out, "ddp-False", file), checkpoint(out, f"{parallel}-again", file)
    assert set(written) == set(again)
    assert all(torch.equal(again[name], value) for name, value in written.items())


@pytest.mark.parametrize("parallel", list(Parallel))
def test_a_step_that_is_not_finite_stops_both_with_the_examples_of_both(out, found, parallel):
    first, second = (process[f"failed-{parallel}"]["error"] for process in found)
    assert first == second
    file = RunFolder(out / f"{parallel}-True").failed
    assert "step 3: a hidden state is not finite; training needs finite numbers; its 5" in first
    entry = json.loads(file.read_text())
    assert entry["step"] == 3
    indices = [example["index"] for example in entry["examples"]]
    assert len({*indices}) == 5
    assert {example["task"] for example in entry["examples"]} == {"many"}


def test_each_process_takes_every_second_pair(found):
    assert [process["world"] for process in found] == [[0, 2], [1, 2]]
    assert [process["share"] for process in found] == [["a", "c", "e"], ["b", "d"]]


def test_something_holds_if_it_does_in_any_process(found):
    assert [process["any"] for process in found] == [[True, False]] * 2


@pytest.mark.parametrize("name", ["gathered", "gathered_from_one"])
def test_rows_are_gathered_by_rank_with_their_gradients(found, name):
    # The rows are twice `ROWS`; the loss is the sum of w x (f r)^2, whose derivative by the factor
    # f = 2 is the sum of 2 f w r^2.
    first, second = two_processes.ROWS
    rows = [*first, *(second if name == "gathered" else [])]
    weighted = [
        weight * value**2
        for weights, row in zip(two_processes.WEIGHTS, rows, strict=False)
        for weight, value in zip(weights, row, strict=True)
    ]
    for process in found:
        assert process[name]["rows"] == [[2 * value for value in row] for row in rows]
        assert process[name]["gradient"] == pytest.approx(4 * math.fsum(weighted))


def test_only_gradients_that_are_all_zeros_are_dropped():
    used, unused, without, broken = (torch.nn.Parameter(torch.ones(2, 3)) for _ in range(4))
    used.grad = torch.tensor([[0.0, 0.0, 0.0], [0.0, -1e-12, 0.0]])
    unused.grad = torch.zeros(2, 3)
    broken.grad = torch.full((2, 3), torch.nan)
    every = [used, unused, without, broken]
    clear_unused(every)
    assert [parameter.grad is None for parameter in every] == [False, True, True, False]


def torchrun(data, out, parallel, *, kill_after=None):
    """Train in two processes; one of them is killed after so many steps."""
    module = ("-m", runs.__name__, data, out, parallel)
    with subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        + [str(argument) for argument in module],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL if kill_after else None,
        text=True,
        cwd=runs.ROOT,
        env=runs.environment(CUDA_VISIBLE_DEVICES=""),
    ) as agent:
        assert agent.stdout is not None
        for line in agent.stdout:
            process, done = map(int, line.split())
            if done == kill_after:
                time.sleep(0.01)  # somewhere in the next step
                os.kill(process, signal.SIGKILL)
    return agent.returncode


@pytest.mark.slow
@pytest.mark.parametrize("parallel", list(Parallel))
def test_two_processes_of_which_one_is_killed_go_on_to_the_same_end(tiny_data, tmp_path, parallel):
    # At 9: the last checkpoint is of 8, in the middle of an interval that was sampled at 6, and
    # the second process has no pair that writes.
    assert torchrun(tiny_data, tmp_path / "killed", parallel, kill_after=9) != 0
    assert max(runs.steps(tmp_path / "killed")) < 10
    for out in ("killed", "whole"):
        assert torchrun(tiny_data, tmp_path / out, parallel) == 0
        assert runs.steps(tmp_path / out) == list(range(11))
    runs.same_weights(tmp_path / "killed", tmp_path / "whole")
    killed, whole = (
        Journal(RunFolder(tmp_path / out).journal).read() for out in ("killed", "whole")
    )
    for one, other in zip(killed, whole, strict=True):
        for name in ("loss", "norm", "terms"):
            assert one[name] == pytest.approx(other[name], rel=1e-5)
    model = RunFolder(tmp_path / "killed").model / "model.safetensors"
    assert model.is_file()
