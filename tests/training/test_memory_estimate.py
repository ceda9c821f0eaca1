import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from forethought.training import Parallel
from forethought.training.memory_estimate import count_weights, estimate_memory
from forethought.training.pass_size import MemorySettings, PassSize
from forethought.training.stage_load import StageLoad
from tests import published, tiny

ROOT = Path(__file__).resolve().parents[2]
LOADS = (StageLoad("a", (PassSize(4, 20), PassSize(3, 90)), 2.0, 60),)


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory):
    from forethought.backbones import read_skeleton

    return read_skeleton(published.make("ume_r1", tmp_path_factory.mktemp("ume"))).network


def estimate(network, *, parallel=Parallel.DDP, processes=1, bf16=False, averaged=False, **memory):
    return estimate_memory(
        network,
        LOADS,
        MemorySettings(**memory),
        parallel=parallel,
        processes=processes,
        bf16=bf16,
        averaged=averaged,
    )


def test_weights_are_counted_without_memory_for_them(skeleton):
    skeleton.requires_grad_(requires_grad=True)
    skeleton.model.visual.requires_grad_(requires_grad=False)
    counts = count_weights(skeleton)
    assert all(parameter.is_meta for parameter in skeleton.parameters())
    assert counts.all == sum(p.numel() for p in skeleton.parameters())
    assert counts.frozen == sum(p.numel() for p in skeleton.model.visual.parameters())
    # H 48, Q 48, K 16, F 80: q, k, v with biases, o, three of the feed-forward, two norms.
    layer = 48 * 48 + 48 + 2 * (48 * 16 + 16) + 48 * 48 + 3 * 48 * 80 + 2 * 48
    assert (counts.layer, counts.layers) == (layer, 2 * layer)


def test_a_part_of_each_kind_for_one_process(skeleton):
    skeleton.requires_grad_(requires_grad=True)
    number = sum(p.numel() for p in skeleton.parameters())
    found = estimate(skeleton)
    assert (found.weights, found.gradients, found.moments) == (4 * number, 4 * number, 8 * number)
    assert (found.copies, found.buckets, found.converted) == (0, 0, 0)
    # Keys and values of 60 tokens: two layers, one head of 16, in float32.
    assert found.cache == 60 * 2 * 2 * 16 * 4
    assert found.total == 16 * number + max(found.activations, found.cache)
    assert estimate(skeleton, averaged=True).copies == 4 * number


def test_grad_cache_stores_the_largest_pass_alone(skeleton):
    whole, cached = estimate(skeleton), estimate(skeleton, grad_cache=True)
    # Both passes twice over, as the batch is twice what was drawn.
    alone = [
        estimate_memory(
            skeleton,
            [StageLoad("a", (size,), 1.0, 0)],
            MemorySettings(),
            parallel=Parallel.DDP,
            processes=1,
            bf16=False,
            averaged=False,
        ).activations
        for size in LOADS[0].passes
    ]
    assert whole.activations == 2 * sum(alone)
    assert cached.activations == max(alone)
    less = estimate(skeleton, grad_cache=True, gradient_checkpointing=True).activations
    assert less < cached.activations


def test_replicated_processes_have_all_and_their_gradients_in_buckets(skeleton):
    one, three = estimate(skeleton), estimate(skeleton, processes=3)
    assert (three.weights, three.moments) == (one.weights, one.moments)
    assert three.buckets == one.gradients


def test_sharded_processes_have_a_part_and_a_replica(skeleton):
    one = estimate(skeleton)
    four = estimate(skeleton, parallel=Parallel.FSDP2, processes=4)
    assert (four.weights, four.moments) == (one.weights // 4, one.moments // 4)
    counts = count_weights(skeleton)
    outside = counts.all - counts.layers
    assert four.copies == 4 * (counts.all + 2 * (outside + 2 * counts.layer))
    assert four.buckets == 0
    alone = estimate(skeleton, parallel=Parallel.FSDP2, processes=1)
    assert alone == one


def test_autocast_stores_the_matrices_once_more_in_half_precision(skeleton):
    number = sum(p.numel() for p in skeleton.parameters() if p.ndim > 1)
    assert estimate(skeleton, bf16=True).converted == 2 * number


def test_a_frozen_buffer_that_is_saved_counts_as_a_weight():
    network = nn.Module()
    network.model = nn.Module()
    network.model.language_model = nn.Module()
    network.model.language_model.layers = nn.ModuleList([nn.Linear(3, 5, bias=False)])
    network.register_buffer("saved", torch.zeros(7))
    network.register_buffer("made", torch.zeros(11), persistent=False)
    assert count_weights(network).all == 15 + 7


PEAK_FACTOR = 1.5
HEAP = 40 << 20
"""Bytes of a process that its allocator holds beyond what is in use; a larger model has no more."""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks are Linux's")
def test_the_estimate_is_within_a_factor_of_the_measured_peak(tiny_data, tmp_path):
    found = {}
    for settings in ((), ("grad_cache",), ("grad_cache", "gradient_checkpointing")):
        command = [sys.executable, "-m", "tests.training.peak_memory", str(tiny_data)]
        ended = subprocess.run(
            [*command, str(tmp_path / "-".join(("run", *settings))), *settings],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
            capture_output=True,
            text=True,
            check=True,
        )
        estimated, measured = map(int, ended.stdout.split())
        assert (measured - HEAP) / PEAK_FACTOR < estimated < PEAK_FACTOR * measured
        found[settings] = (estimated, measured)
    # What grad_cache saves, apart from what every step needs.
    (plain, cached, _) = found.values()
    assert (plain[0] - cached[0]) == pytest.approx(plain[1] - cached[1], rel=0.4)


def test_the_tiny_recipe_has_an_estimate(tiny_data, tmp_path):
    from forethought.training.run_folder import RunFolder
    from forethought.training.run_plan import plan_run
    from forethought.training.world import World

    plan = plan_run(tiny.recipe(tiny_data), RunFolder(tmp_path), World(), fresh=False)
    assert plan.memory.total > 16 * plan.weights.trained
