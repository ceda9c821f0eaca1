"""Steps that are captured; and that a step asks nothing of the host, so that it can be."""

from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from forethought.backbones import QwenVL
from forethought.engines.cache import KVCache, cache_of_one_pass
from forethought.engines.decode_options import DecodeOptions, EarlyExit
from forethought.engines.decode_step import DecodeStep
from forethought.engines.graphs import (
    PLACES,
    Captured,
    CudaRecorder,
    Eager,
    Graphs,
    graphs_for,
)
from forethought.engines.row_state import RowState
from forethought.engines.sampling import Sampling
from forethought.types import CompletionFormat
from tests.backbones.networks import network_of
from tests.published import NETWORKS

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="captures need a CUDA device")


def test_without_graphs_just_what_is_there_is_run_at_once():
    eager = Eager()
    assert isinstance(eager, Graphs)
    assert eager.sync_interval == 1
    assert [eager.rows(count, most=9) for count in (1, 3, 9)] == [1, 3, 9]
    assert [eager.width(places, most=70) for places in (1, 33, 70, 80)] == [1, 33, 70, 70]
    runs: list[int] = []
    for _ in range(3):
        eager.run("one", lambda: runs.append(len(runs)))
    assert runs == [0, 1, 2]


def test_a_processor_has_no_graphs():
    assert isinstance(graphs_for({torch.device("cpu")}), Eager)


def test_weights_on_several_devices_have_no_graphs():
    assert isinstance(graphs_for([torch.device("cuda", 0), torch.device("cuda", 1)]), Eager)


def test_under_autocast_there_are_no_graphs(monkeypatch):
    monkeypatch.setattr(torch, "is_autocast_enabled", {"cuda": True}.__getitem__)
    assert isinstance(graphs_for([torch.device("cuda", 0)]), Eager)


class Told:
    """Stands for a device's recorder; says what it was asked, and fails if told to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.said: list[str] = []

    def __call__(self, step):
        if self.fails:
            self.said.append("failed")
            raise RuntimeError("operation not permitted when stream is capturing")
        self.said.append("recorded")

        def replay():
            self.said.append("replayed")
            step()

        return replay


def test_a_shape_is_run_then_recorded_then_replayed():
    told = Told()
    captured = Captured(told)
    runs: list[str] = []
    for key in ("wide", "wide", "narrow", "wide", "narrow"):
        captured.run(key, partial(runs.append, key))
    assert runs == ["wide", "wide", "narrow", "wide", "narrow"]
    assert told.said == ["recorded", "replayed", "replayed", "recorded", "replayed"]


def test_steps_that_cannot_be_recorded_all_run_as_they_are_written_and_say_so_once():
    told = Told(fails=True)
    captured = Captured(told)
    runs: list[str] = []
    captured.run("wide", partial(runs.append, "wide"))
    with pytest.warns(UserWarning, match="cannot be captured: operation not permitted"):
        captured.run("wide", partial(runs.append, "wide"))
    for key in ("wide", "narrow", "narrow", "narrow"):
        captured.run(key, partial(runs.append, key))
    assert runs == ["wide"] * 3 + ["narrow"] * 3
    assert told.said == ["failed"]


def test_with_graphs_rows_and_widths_are_rounded_up_to_few_shapes():
    captured = Captured(Told())
    assert isinstance(captured, Graphs)
    assert captured.sync_interval > 1
    assert [captured.rows(count, most=48) for count in (1, 2, 3, 5, 8, 33)] == [1, 2, 4, 8, 8, 48]
    widths = [captured.width(places, most=3 * PLACES - 1) for places in (1, PLACES, PLACES + 1)]
    assert widths == [PLACES, PLACES, 2 * PLACES]
    assert captured.width(2 * PLACES + 1, most=3 * PLACES - 1) == 3 * PLACES - 1


@pytest.mark.gpu
@on_cuda
def test_a_gpu_has_graphs():
    assert isinstance(graphs_for({torch.device("cuda", 0)}), Captured)


@pytest.mark.gpu
@on_cuda
@pytest.mark.filterwarnings("ignore:steps run one kernel at a time")
@torch.inference_mode()
def test_after_a_step_that_asks_the_host_all_goes_on_where_it_was():
    captured = Captured(CudaRecorder(torch.device("cuda", 0)))
    state = torch.zeros(3, device="cuda")
    before = torch.cuda.current_stream()

    def asks() -> None:
        state.add_(1 + int(state.isnan().any()))

    for _ in range(4):
        captured.run("asks", asks)
    assert torch.cuda.current_stream() == before
    assert state.tolist() == [4, 4, 4]


@pytest.mark.gpu
@on_cuda
@torch.inference_mode()
def test_a_replayed_step_does_what_it_did_when_it_was_run():
    ways: list[tuple[Graphs, torch.Tensor]] = [
        (way, torch.arange(6.0, device="cuda").view(2, 3))
        for way in (Eager(), Captured(CudaRecorder(torch.device("cuda", 0))))
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


META = torch.device("meta")
GRAMMAR = CompletionFormat(embed_id=31, start=(3, 4), end_ids=(33, 34), forbidden=(35, 38))
DRAWN = Sampling(temperature=0.7, top_p=0.9, top_k=5)


class Device(TorchDispatchMode):
    """Lets pass what a capture would: work on the device alone, and no number that is looked at.

    A tensor of the meta device has no numbers, so torch itself refuses shapes made by them.
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, found)) if torch.is_tensor(leaf)]
        if any(tensor.device != META for tensor in tensors):
            raise AssertionError(f"{func} touches the host")
        return found


def rows_of_three(network, *, room):
    """Three rows with prompts of twenty tokens, of which there are no numbers."""
    text = network.config.text_config
    shape = (3, text.num_key_value_heads, 20, 16)
    cache = cache_of_one_pass(text.num_hidden_layers)
    for place in range(text.num_hidden_layers):
        keys = torch.zeros(shape, device=META, dtype=network.dtype)
        cache.update(keys, keys.clone(), place)
    slots = KVCache(4, room)
    slots.enter(cache, [2, 0, 1], first=0, width=20)
    slots.reach(40)
    states = torch.zeros(3, text.hidden_size, device=META, dtype=network.dtype)
    return RowState.unused(4, room=room, draws=8, states=states), slots


def test_the_guard_sees_a_number_that_comes_from_the_host():
    with Device(), pytest.raises(AssertionError, match="touches the host"):
        torch.zeros(3, device=META) + torch.tensor([1.0, 2.0, 3.0]).to(META)
    with Device(), pytest.raises((RuntimeError, NotImplementedError)):
        torch.zeros(3, device=META).any().item()


@pytest.mark.parametrize("architecture", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["32 bits", "16 bits"])
@pytest.mark.parametrize(
    ("decode_options", "looks"),
    [
        (DecodeOptions(9), False),
        (DecodeOptions(9, repeats=0), False),
        (DecodeOptions(9, DRAWN), False),
        (DecodeOptions(9, speculative_tokens=2), False),
        (DecodeOptions(9, DRAWN, speculative_tokens=3), False),
        (DecodeOptions(9, early_exit=EarlyExit(every=2, within=0.1)), True),
        (DecodeOptions(9, early_exit=EarlyExit(every=2, within=0.1)), False),
    ],
    ids=[
        "greedy",
        "no loops",
        "drawn",
        "speculative_tokens",
        "drawn guesses",
        "looks",
        "between looks",
    ],
)
def test_a_step_asks_nothing_of_the_host(architecture, dtype, decode_options, looks):
    network = network_of(architecture).to(META, dtype)
    writer = DecodeStep(QwenVL(network), GRAMMAR, decode_options)
    rows, slots = rows_of_three(network, room=64)
    # Without gradients, not under inference mode: there the guard would see whole functions
    # and not what they are made of.
    with torch.no_grad(), Device():
        writer.advance(rows.part(0, 4), slots, width=40, looks=looks)
