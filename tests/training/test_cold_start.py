"""Whole runs: what is kept of them, and that a run cut off goes on as if it had not been."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from forethought.errors import CheckpointError
from forethought.training import train
from forethought.training.cold_start import Places, learn
from forethought.training.journal import Journal
from forethought.training.state import build_train_state
from tests import tiny

ROOT = Path(__file__).resolve().parents[2]
LOSSES = Path(__file__).with_name("losses.txt")
"""Ten steps of the tiny recipe, written by `python -m tests.tiny`: a refactor moves no digit."""

RUN = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from tests import tiny
from forethought.training import train
train(tiny.recipe(Path(sys.argv[1])), Path(sys.argv[2]), fresh=False, max_steps=None,
      report=lambda step, steps, said: print(step, flush=True))
"""


def run(data, out, *, fresh=False, max_steps=None, **changes):
    told = []
    recipe = dataclasses.replace(tiny.recipe(data), **changes)
    train(recipe, out, fresh=fresh, max_steps=max_steps, report=lambda *said: told.append(said))
    return told


def weights(out):
    return load_file(Places(out).latest / "weights.safetensors")


def same_weights(out, other):
    one, two = weights(out), weights(other)
    assert set(one) == set(two)
    for name in one:
        torch.testing.assert_close(one[name], two[name], atol=1e-6, rtol=1e-5)


def steps(out):
    return [entry["step"] for entry in Journal(Places(out).journal).read()]


@pytest.fixture(scope="module")
def atomic(tiny_data, tmp_path_factory):
    """An uninterrupted run and what it reported."""
    out = tmp_path_factory.mktemp("whole")
    return out, run(tiny_data, out)


def test_ten_steps_lose_what_they_always_lost(tiny_data, tmp_path):
    expected = [float(line.split()[1]) for line in LOSSES.read_text().splitlines()]
    assert tiny.curve(tiny_data, tmp_path) == pytest.approx(expected, rel=1e-3)


def test_a_run_leaves_a_model_a_journal_a_plot_and_a_checkpoint_a_stage(whole):
    out, told = whole
    names = {path.name for path in out.iterdir()}
    assert names == {
        "after-cold-start",
        "after-contrastive",
        "checkpoint",
        "journal.jsonl",
        "journal.png",
        "model",
        "tokenizer.json",
    }
    assert [said[:2] for said in told] == [(step, 11) for step in range(1, 12)]
    assert told[6][2].startswith("cold-start loss ")
    assert steps(out) == list(range(11))


def test_the_journal_tells_stage_rate_norm_and_every_term(whole):
    first, *_, last = Journal(Places(whole[0]).journal).read()
    assert (first["stage"], last["stage"]) == ("contrastive", "cold-start")
    assert first["rate"] == pytest.approx(1.5e-3)  # the first of two steps up to 3e-3
    assert first["norm"] > 0
    assert set(first["terms"]) == {"direct", "next_token", "statements"}
    assert set(last["terms"]) == {"direct", "thought", "cross", "next_token", "statements"}
    assert last["seconds"] > first["seconds"]


@pytest.mark.parametrize("cuts", [(3,), (7,), (4, 4, 2)])
def test_a_run_in_parts_equals_one_in_one_go(tiny_data, tmp_path, whole, cuts):
    for cut in (*cuts, None):
        run(tiny_data, tmp_path, max_steps=cut)
    same_weights(tmp_path, whole[0])
    assert steps(tmp_path) == list(range(11))


def test_a_killed_run_goes_on_to_the_same_end(tiny_data, tmp_path, whole):
    # At 10: the last checkpoint is of 8, in the middle of a block that was written at 6.
    after = 10
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tiny_data), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == after:
            time.sleep(0.01 * after)  # somewhere in the next step
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    run(tiny_data, tmp_path)
    same_weights(tmp_path, whole[0])
    assert steps(tmp_path) == list(range(11))


def test_a_finished_run_does_nothing_more(tiny_data, tmp_path, whole):
    run(tiny_data, tmp_path)
    assert run(tiny_data, tmp_path) == []
    same_weights(tmp_path, whole[0])


def test_another_recipe_s_checkpoint_is_refused(tiny_data, tmp_path):
    run(tiny_data, tmp_path, max_steps=1)
    with pytest.raises(CheckpointError, match=r"made by another recipe .*--fresh, or .*--out"):
        run(tiny_data, tmp_path, max_steps=1, clip_norm=0.7)


def test_a_fresh_run_forgets_the_one_before(tiny_data, tmp_path, whole):
    run(
        tiny_data,
        tmp_path,
        max_steps=2,
        seed=8,
        shape=dataclasses.replace(tiny.SHAPE, vocabulary=290),
    )
    run(tiny_data, tmp_path, fresh=True)
    same_weights(tmp_path, whole[0])
    assert steps(tmp_path) == list(range(11))


def test_a_run_takes_over_the_leading_stages_that_it_shares_with_another(
    tiny_data, tmp_path, whole
):
    first, second = tiny.recipe(tiny_data).stages
    stages = (first, dataclasses.replace(second, own=0.0, final_rate=0.3))
    told = run(tiny_data, tmp_path / "shared", start=whole[0], stages=stages)
    assert [said[0] for said in told] == list(range(6, 12))
    assert steps(tmp_path / "shared") == list(range(5, 11))
    run(tiny_data, tmp_path / "alone", stages=stages)
    same_weights(tmp_path / "shared", tmp_path / "alone")


def test_a_run_that_shares_every_stage_has_nothing_left_to_do(tiny_data, tmp_path, whole):
    assert run(tiny_data, tmp_path, start=whole[0]) == []
    same_weights(tmp_path, whole[0])


def test_a_start_with_another_first_stage_is_refused(tiny_data, tmp_path, whole):
    first, second = tiny.recipe(tiny_data).stages
    changed = (dataclasses.replace(first, warmup=3), second)
    with pytest.raises(CheckpointError, match="its first stage is not the one in this recipe"):
        run(tiny_data, tmp_path, start=whole[0], stages=changed)


def test_a_start_that_never_finished_that_stage_is_refused(tiny_data, tmp_path):
    run(tiny_data, tmp_path / "short", max_steps=2)
    with pytest.raises(CheckpointError, match="has not finished stage 'cold-start'; go on with"):
        run(tiny_data, tmp_path / "out", start=tmp_path / "short")


def test_a_start_that_holds_no_run_is_refused(tiny_data, tmp_path, whole):
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(whole[0] / "tokenizer.json", empty)
    with pytest.raises(CheckpointError, match="holds no run to start from; train that one first"):
        run(tiny_data, tmp_path / "out", start=empty)


def test_the_vision_tower_learns_at_its_stages_own_rate(tiny_data, tmp_path):
    # The first stage warms up over two steps to 3e-3: half of that at step 0. The tower's is
    # 1.7 times as high.
    recipe = tiny.recipe(tiny_data, rate=3e-3)
    state = build_train_state(recipe, tmp_path)
    learn(recipe, state, 0)
    rates = {group["sees"]: group["lr"] for group in state.optimizer.param_groups}
    assert rates == {False: pytest.approx(1.5e-3), True: pytest.approx(1.7 * 1.5e-3)}
