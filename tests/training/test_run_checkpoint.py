import json

import pytest
import torch

from forethought.errors import CheckpointError
from forethought.training.run_checkpoint import (
    RunPosition,
    find_checkpoint,
    load_position,
    load_run,
    save_run,
    superseded,
)

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
