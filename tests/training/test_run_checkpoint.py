import json

import pytest
import torch
from safetensors.torch import load_file

from forethought.errors import CheckpointError
from forethought.training.run_checkpoint import (
    RunPosition,
    find_checkpoint,
    load_position,
    load_run,
    save_run,
    superseded,
)
from forethought.training.world import World

POSITION = RunPosition(
    3, 4.5, {"name": "tiny", "stages": [{"steps": 5}]}, {4: [[[7, 8], [9]], [[5]]]}
)


def made(seed, size=3):
    generator = torch.Generator().manual_seed(seed)
    network = torch.nn.Sequential(torch.nn.Linear(4, size), torch.nn.Linear(size, 2))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.05, betas=(0.8, 0.9), fused=True)
    return network, optimizer


def learn(network, optimizer, steps):
    for step in range(steps):
        inputs = torch.randn(5, 4, generator=torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        network(inputs).square().mean().backward()
        optimizer.step()


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    network, optimizer = made(1)
    learn(network, optimizer, 3)
    save_run(tmp_path / "checkpoint", network, optimizer, position=POSITION)
    again, again_optimizer = made(2)
    found = load_run(tmp_path / "checkpoint", again, again_optimizer)
    assert found == POSITION
    learn(network, optimizer, 4)
    learn(again, again_optimizer, 4)
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_only_the_newest_checkpoint_stays(tmp_path):
    folder = tmp_path / "checkpoint"
    (tmp_path / "checkpoint.new-1").mkdir()  # what a killed run was about to write
    network, optimizer = made(1)
    for step in (3, 6):
        save_run(folder, network, optimizer, position=RunPosition(step, 0.5, {}))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]
    assert load_position(folder).step == 6
    assert load_position(folder).completions == {}


def test_a_kill_between_the_two_renames_leaves_the_one_before(tmp_path):
    folder = tmp_path / "checkpoint"
    network, optimizer = made(1)
    save_run(folder, network, optimizer, position=POSITION)
    folder.rename(superseded(folder))
    found = find_checkpoint(folder)
    assert found == superseded(folder)
    assert load_run(found, network, optimizer) == POSITION
    save_run(folder, network, optimizer, position=RunPosition(8, 9.5, {}))
    assert find_checkpoint(folder) == folder
    assert load_position(folder).step == 8


def test_there_may_be_none(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    assert find_checkpoint(tmp_path / "checkpoint") is None


def test_only_what_is_trained_is_written_and_read(tmp_path):
    network, optimizer = made(1)
    network[0].requires_grad_(requires_grad=False)
    learn(network, optimizer, 3)
    save_run(tmp_path / "checkpoint", network, optimizer, position=POSITION)
    weights, state = (
        load_file(tmp_path / "checkpoint" / f"{name}.safetensors")
        for name in ("weights", "optimizer")
    )
    assert set(weights) == {"1.weight", "1.bias"}
    assert set(state) == {
        f"1.{name}/{key}"
        for name in ("weight", "bias")
        for key in ("exp_avg", "exp_avg_sq", "step")
    }
    again, again_optimizer = made(2)
    again[0].requires_grad_(requires_grad=False)
    before = again[0].weight.clone()
    load_run(tmp_path / "checkpoint", again, again_optimizer)
    assert torch.equal(again[0].weight, before)
    assert torch.equal(again[1].weight, network[1].weight)


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        (World(0, 2), {4: [[[7, 8], [9]], [[5]]]}),
        (World(1, 2), {4: [[[3]], []]}),
        (World(), {}),
        (World(1, 3), {}),
    ],
)
def test_completions_are_those_of_a_process_among_as_many(saved, world, expected):
    text = json.dumps([{"4": [[[7, 8], [9]], [[5]]]}, {"4": [[[3]], []]}])
    (saved / "completions.json").write_text(text)
    assert load_position(saved, world).completions == expected
    assert load_position(saved, world).step == POSITION.step


@pytest.fixture
def saved(tmp_path):
    network, optimizer = made(1)
    learn(network, optimizer, 2)
    save_run(tmp_path / "checkpoint", network, optimizer, position=POSITION)
    return tmp_path / "checkpoint"


def test_another_network_is_refused(saved):
    with pytest.raises(
        CheckpointError, match=r"does not fit this network .*start over with --fresh"
    ):
        load_run(saved, *made(1, size=6))


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors"])
def test_a_damaged_checkpoint_is_refused(saved, name):
    (saved / name).write_bytes((saved / name).read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="does not fit this network"):
        load_run(saved, *made(1))


@pytest.mark.parametrize("text", ["", "{}", json.dumps({"step": 3})])
def test_an_unreadable_position_is_refused(saved, text):
    (saved / "position.json").write_text(text)
    with pytest.raises(
        CheckpointError, match=r"not a readable checkpoint .*start over with --fresh"
    ):
        load_position(saved)
