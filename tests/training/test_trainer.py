"""Whole runs: their files, and that an interrupted run goes on as if it had not been."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from transformers import Qwen2VLForConditionalGeneration

from forethought.encoders import CARD
from forethought.errors import CheckpointError, TrainingError
from forethought.training.journal import Journal
from forethought.training.run_folder import RunFolder
from forethought.training.stage import ObjectiveSettings
from tests import tiny
from tests.training.runs import ROOT, environment, run, same_weights, steps

LOSSES = Path(__file__).with_name("losses.txt")
"""Ten steps of the tiny recipe, written by `python -m tests.tiny`: a refactor moves no digit."""


def same_beginning(out, whole):
    """Three steps of a run equal those of a whole one: start, losses and gradients."""
    starts = [RunFolder(folder).start / "model.safetensors" for folder in (out, whole)]
    assert starts[0].read_bytes() == starts[1].read_bytes()
    found, expected = (Journal(RunFolder(folder).journal).read() for folder in (out, whole))
    assert len(found) == 3
    for one, other in zip(found, expected, strict=False):
        for name in ("step", "loss", "norm"):
            assert one[name] == pytest.approx(other[name], rel=1e-3)


@pytest.fixture(scope="module")
def whole(tiny_data, tmp_path_factory):
    """An uninterrupted run and its progress reports."""
    out = tmp_path_factory.mktemp("whole")
    return out, run(tiny_data, out)


@pytest.mark.skipif(torch.cuda.is_available(), reason="they are those of a CPU, in float32")
def test_ten_steps_have_the_committed_losses(tiny_data, tmp_path):
    expected = [float(line.split()[1]) for line in LOSSES.read_text().splitlines()]
    assert tiny.curve(tiny_data, tmp_path) == pytest.approx(expected, rel=1e-3)


def test_a_run_leaves_a_model_a_journal_a_plot_and_a_checkpoint_a_stage(whole):
    out, reports = whole
    names = {path.name for path in out.iterdir()}
    assert names == {
        "after-cold-start",
        "after-contrastive",
        "checkpoint",
        "journal.jsonl",
        "journal.png",
        "model",
        "start",
    }
    assert [report[:2] for report in reports] == [(step, 11) for step in range(1, 12)]
    assert reports[6][2].startswith("cold-start loss ")
    assert steps(out) == list(range(11))


def test_the_model_has_the_recipes_name_and_weights_in_half_precision(whole):
    folder = RunFolder(whole[0]).model
    network = Qwen2VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    for parameter in network.parameters():
        assert torch.equal(parameter, parameter.bfloat16().float())
    assert json.loads((folder / CARD).read_text())["name"] == "tiny"
    start = RunFolder(whole[0]).start
    for name in ("tokenizer.json", "tokenizer_config.json", "preprocessor_config.json"):
        assert (folder / name).read_bytes() == (start / name).read_bytes()


def test_the_journal_has_stage_rate_norm_and_every_term(whole):
    first, *_, last = Journal(RunFolder(whole[0]).journal).read()
    assert (first["stage"], last["stage"]) == ("contrastive", "cold-start")
    assert first["rate"] == pytest.approx(1.5e-3)  # the first of two steps up to 3e-3
    assert first["norm"] > 0
    assert set(first["terms"]) == {"direct", "next_token", "statements"}
    assert set(last["terms"]) == {"direct", "thought", "cross_mode", "next_token", "statements"}
    assert last["seconds"] > first["seconds"]


def test_a_run_in_parts_equals_one_in_one_go(tiny_data, tmp_path, whole):
    # Cut after 3 steps, in the first stage; after 7, within an interval that was sampled at 6; and
    # after 10, before the last step.
    for cut in (3, 4, 3, None):
        run(tiny_data, tmp_path, max_steps=cut)
    same_weights(tmp_path, whole[0])
    assert steps(tmp_path) == list(range(11))


def test_a_run_stops_when_its_time_is_over_and_goes_on_to_the_same_end(tiny_data, tmp_path, whole):
    run(tiny_data, tmp_path, max_minutes=1e-6)  # over before the first step is
    (entry,) = Journal(RunFolder(tmp_path).journal).read()
    assert entry["stopped"] == "after 1e-06 minutes"
    assert RunFolder(tmp_path).steps == 1
    assert (RunFolder(tmp_path).model / "model.safetensors").is_file()
    run(tiny_data, tmp_path, max_minutes=60.0)
    same_weights(tmp_path, whole[0])
    entries = Journal(RunFolder(tmp_path).journal).read()
    assert [entry["step"] for entry in entries if "stopped" in entry] == [0]


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_end(tiny_data, tmp_path, whole):
    # At 10: the last checkpoint is of 8, in the middle of an interval that was sampled at 6.
    after = 10
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.training.runs", str(tiny_data), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment(),
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line.split()[1]) == after:
            time.sleep(0.01 * after)  # somewhere in the next step
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    run(tiny_data, tmp_path)
    same_weights(tmp_path, whole[0])
    assert steps(tmp_path) == list(range(11))


def test_a_finished_run_does_nothing_more(tiny_data, tmp_path, whole):
    shutil.copytree(whole[0], tmp_path / "out")
    assert run(tiny_data, tmp_path / "out") == []
    same_weights(tmp_path / "out", whole[0])


def test_another_recipe_s_checkpoint_is_refused(tiny_data, tmp_path):
    run(tiny_data, tmp_path, max_steps=1)
    with pytest.raises(CheckpointError, match=r"made by another recipe .*--fresh, or .*--out"):
        run(tiny_data, tmp_path, max_steps=1, clip_norm=0.7)


def test_a_fresh_run_uses_nothing_of_the_one_before(tiny_data, tmp_path, whole):
    scratch = tiny.recipe(tiny_data).scratch
    assert scratch is not None
    other = dataclasses.replace(scratch, shape=dataclasses.replace(tiny.SHAPE, vocabulary=290))
    run(tiny_data, tmp_path, max_steps=2, seed=8, scratch=other)
    run(tiny_data, tmp_path, fresh=True, max_steps=3)
    same_beginning(tmp_path, whole[0])


def test_a_start_without_a_checkpoint_is_made_anew(tiny_data, tmp_path, whole):
    # As a run leaves it that is killed before its first checkpoint, under another recipe.
    run(tiny_data, tmp_path, max_steps=1, seed=8)
    shutil.rmtree(RunFolder(tmp_path).latest)
    run(tiny_data, tmp_path, max_steps=3)
    same_beginning(tmp_path, whole[0])


def forked(data):
    """The stages of the tiny run, but for the second."""
    first, second = tiny.recipe(data).stages
    direct = tuple(o for o in second.objectives if o.use not in {"thought", "cross_mode"})
    return first, dataclasses.replace(second, self_generated=0.0, final_rate=0.3, objectives=direct)


@pytest.mark.slow
def test_a_fork_takes_over_the_leading_stages_that_it_shares(tiny_data, tmp_path, whole):
    stages = forked(tiny_data)
    reports = run(tiny_data, tmp_path / "shared", fork_from=whole[0], stages=stages)
    assert [report[0] for report in reports] == list(range(6, 12))
    assert steps(tmp_path / "shared") == list(range(5, 11))
    run(tiny_data, tmp_path / "alone", stages=stages)
    same_weights(tmp_path / "shared", tmp_path / "alone")


def test_a_fork_that_shares_every_stage_has_nothing_left_to_do(tiny_data, tmp_path, whole):
    assert run(tiny_data, tmp_path, fork_from=whole[0]) == []
    same_weights(tmp_path, whole[0])


@pytest.mark.slow
def test_a_fork_can_be_forked(tiny_data, tmp_path, whole):
    stages = forked(tiny_data)
    run(tiny_data, tmp_path / "fork", fork_from=whole[0], stages=stages)
    assert run(tiny_data, tmp_path / "again", fork_from=tmp_path / "fork", stages=stages) == []
    same_weights(tmp_path / "again", tmp_path / "fork")


def test_a_fork_with_another_first_stage_is_refused(tiny_data, tmp_path, whole):
    first, second = tiny.recipe(tiny_data).stages
    changed = (dataclasses.replace(first, warmup=3), second)
    with pytest.raises(CheckpointError, match="its first stage is not the one in this recipe"):
        run(tiny_data, tmp_path, fork_from=whole[0], stages=changed)


def test_a_fork_of_a_run_that_never_finished_that_stage_is_refused(tiny_data, tmp_path):
    run(tiny_data, tmp_path / "short", max_steps=2)
    with pytest.raises(CheckpointError, match="has not finished stage 'cold-start'; resume"):
        run(tiny_data, tmp_path / "out", fork_from=tmp_path / "short")


def test_a_fork_of_nothing_is_refused(tiny_data, tmp_path, whole):
    shutil.copytree(RunFolder(whole[0]).start, RunFolder(tmp_path / "empty").start)
    with pytest.raises(CheckpointError, match="holds no run to fork from; train that one first"):
        run(tiny_data, tmp_path / "out", fork_from=tmp_path / "empty")


def test_a_loss_that_is_not_finite_leaves_the_last_checkpoint(tiny_data, tmp_path):
    first, second = tiny.recipe(tiny_data).stages
    broken = ObjectiveSettings("tests.training.broken:BrokenFrom", 0.4, settings={"number": 3})
    stages = (dataclasses.replace(first, objectives=(*first.objectives, broken)), second)
    run(tiny_data, tmp_path, max_steps=2, stages=stages)
    folder = RunFolder(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.latest.iterdir()}
    message = r"step 3: loss inf, gradient norm nan, .*its 6 examples are in .*failed-step.json"
    with pytest.raises(TrainingError, match=message):
        run(tiny_data, tmp_path, stages=stages)
    assert {path.name: path.read_bytes() for path in folder.latest.iterdir()} == before
    assert steps(tmp_path) == [0, 1, 2]
    entry = json.loads(folder.failed.read_text())
    assert (entry["step"], len(entry["examples"])) == (3, 6)
    assert "'BrokenFrom': inf" in entry["reason"]
