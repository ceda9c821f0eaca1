"""Captured steps; and that a decode step never waits for the host, so that it can be captured."""

from functools import partial

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from forethought.backbones import PrefillCache, QwenVL
from forethought.engines.cache import KVCache
from forethought.engines.decode_options import DecodeOptions, EarlyExit
from forethought.engines.decode_state import DecodeState
from forethought.engines.decode_step import DecodeStep
from forethought.engines.graphs import (
    WIDTH_MULTIPLE,
    Captured,
    CudaCapture,
    Eager,
    Graphs,
    graphs_for,
)
from forethought.engines.sampling import Sampling
from forethought.types import CompletionFormat
from tests.backbones.networks import network_of
from tests.published import NETWORKS

on_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def test_without_graphs_nothing_is_padded_and_steps_run_at_once():
    eager = Eager()
    assert isinstance(eager, Graphs)
    assert eager.sync_interval == 1
    assert [eager.pad_rows(count, most=9) for count in (1, 3, 9)] == [1, 3, 9]
    assert [eager.pad_width(width, most=70) for width in (1, 33, 70, 80)] == [1, 33, 70, 70]
    runs: list[int] = []
    for _ in range(3):
        eager.run("one", lambda: runs.append(len(runs)))
    assert runs == [0, 1, 2]


def test_a_cpu_has_no_graphs():
    assert isinstance(graphs_for({torch.device("cpu")}), Eager)


def test_weights_on_several_devices_have_no_graphs():
    assert isinstance(graphs_for([torch.device("cuda", 0), torch.device("cuda", 1)]), Eager)


def test_under_autocast_there_are_no_graphs(monkeypatch):
    monkeypatch.setattr(torch, "is_autocast_enabled", {"cuda": True}.__getitem__)
    assert isinstance(graphs_for([torch.device("cuda", 0)]), Eager)


class FakeCapture:
    """A device's capture without a device; logs its calls, and raises if it `fails`."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.log: list[str] = []

    def __call__(self, step):
        if self.fails:
            self.log.append("failed")
            raise RuntimeError("operation not permitted when stream is capturing")
        self.log.append("captured")

        def replay():
            self.log.append("replayed")
            step()

        return replay


def test_a_shape_is_run_then_captured_then_replayed():
    capture = FakeCapture()
    captured = Captured(capture)
    runs: list[str] = []
    for key in ("wide", "wide", "narrow", "wide", "narrow"):
        captured.run(key, partial(runs.append, key))
    assert runs == ["wide", "wide", "narrow", "wide", "narrow"]
    assert capture.log == ["captured", "replayed", "replayed", "captured", "replayed"]


def test_steps_that_cannot_be_captured_run_eagerly_with_one_warning():
    capture = FakeCapture(fails=True)
    captured = Captured(capture)
    runs: list[str] = []
    captured.run("wide", partial(runs.append, "wide"))
    with pytest.warns(UserWarning, match="cannot be captured: operation not permitted"):
        captured.run("wide", partial(runs.append, "wide"))
    for key in ("wide", "narrow", "narrow", "narrow"):
        captured.run(key, partial(runs.append, key))
    assert runs == ["wide"] * 3 + ["narrow"] * 3
    assert capture.log == ["failed"]


def test_with_graphs_rows_and_widths_are_padded_to_few_shapes():
    captured = Captured(FakeCapture())
    assert isinstance(captured, Graphs)
    assert captured.sync_interval > 1
    assert [captured.pad_rows(count, most=48) for count in (1, 2, 3, 5, 8, 33)] == [
        1,
        2,
        4,
        8,
        8,
        48,
    ]
    most = 3 * WIDTH_MULTIPLE - 1
    widths = (1, WIDTH_MULTIPLE, WIDTH_MULTIPLE + 1, 2 * WIDTH_MULTIPLE + 1)
    padded = [captured.pad_width(width, most=most) for width in widths]
    assert padded == [WIDTH_MULTIPLE, WIDTH_MULTIPLE, 2 * WIDTH_MULTIPLE, most]


@pytest.mark.gpu
@on_cuda
def test_a_gpu_has_graphs():
    assert isinstance(graphs_for({torch.device("cuda", 0)}), Captured)


@pytest.mark.gpu
@on_cuda
@pytest.mark.filterwarnings("ignore:decode steps run without CUDA graphs")
@torch.inference_mode()
def test_after_a_failed_capture_the_stream_and_the_state_are_as_before():
    captured = Captured(CudaCapture(torch.device("cuda", 0)))
    state = torch.zeros(3, device="cuda")
    before = torch.cuda.current_stream()

    def waits() -> None:
        state.add_(1 + int(state.isnan().any()))

    for _ in range(4):
        captured.run("waits", waits)
    assert torch.cuda.current_stream() == before
    assert state.tolist() == [4, 4, 4]


@pytest.mark.gpu
@on_cuda
@torch.inference_mode()
def test_a_replayed_step_equals_an_eager_one():
    runners: list[tuple[Graphs, torch.Tensor]] = [
        (runner, torch.arange(6.0, device="cuda").view(2, 3))
        for runner in (Eager(), Captured(CudaCapture(torch.device("cuda", 0))))
    ]
    weight = torch.linspace(-1, 1, 9, device="cuda").view(3, 3)
    passes = torch.zeros(2, device="cuda")

    def advance(state: torch.Tensor, count: int, index: int) -> None:
        passes[index] += 1
        state[:count].copy_((state[:count] @ weight).tanh() + state[:count])

    for index, (runner, state) in enumerate(runners):
        for count in (2, 1, 2, 2, 1, 2, 1, 1):
            runner.run(count, partial(advance, state, count, index))
            # A replay reads the current values.
            state[0, 1] += 1
    torch.testing.assert_close(runners[0][1], runners[1][1])
    assert passes.tolist() == [8, 8]


META = torch.device("meta")
FORMAT = CompletionFormat(embed_id=31, start=(3, 4), end_ids=(33, 34), forbidden=(35, 38))
SAMPLED = Sampling(temperature=0.7, top_p=0.9, top_k=5)


class DeviceOnly(TorchDispatchMode):
    """Allows what a capture allows: operations on the device that the host does not wait for.

    Tensors of the meta device hold no numbers, so torch itself refuses to read one.
    """

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if torch.is_tensor(leaf)]
        if any(tensor.device != META for tensor in tensors):
            raise AssertionError(f"{func} touches the host")
        return result


def three_rows(network, *, max_length):
    """State and cache of three rows with prompts of twenty tokens, on the meta device."""
    text = network.config.text_config
    shape = (3, text.num_key_value_heads, 20, 16)
    prefill = PrefillCache()
    for _ in range(text.num_hidden_layers):
        keys = torch.zeros(shape, device=META, dtype=network.dtype)
        prefill.layers.append((keys, keys.clone()))
    cache = KVCache(4, max_length)
    cache.insert(prefill, [2, 0, 1], first=0, width=20)
    cache.initialize(40)
    hidden = torch.zeros(3, text.hidden_size, device=META, dtype=network.dtype)
    return DecodeState.empty(4, max_length=max_length, draws=8, like=hidden), cache


def test_the_guard_notices_the_host():
    with DeviceOnly(), pytest.raises(AssertionError, match="touches the host"):
        torch.zeros(3, device=META) + torch.tensor([1.0, 2.0, 3.0]).to(META)
    with DeviceOnly(), pytest.raises((RuntimeError, NotImplementedError)):
        torch.zeros(3, device=META).any().item()


@pytest.mark.parametrize("architecture", NETWORKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["32 bits", "16 bits"])
@pytest.mark.parametrize(
    ("options", "probe"),
    [
        (DecodeOptions(9), False),
        (DecodeOptions(9, repeats=0), False),
        (DecodeOptions(9, SAMPLED), False),
        (DecodeOptions(9, speculative_tokens=2), False),
        (DecodeOptions(9, SAMPLED, speculative_tokens=3), False),
        (DecodeOptions(9, early_exit=EarlyExit(every=2, within=0.1)), True),
        (DecodeOptions(9, early_exit=EarlyExit(every=2, within=0.1)), False),
    ],
    ids=[
        "greedy",
        "no loops",
        "sampled",
        "drafts",
        "sampled drafts",
        "probe",
        "between probes",
    ],
)
def test_a_step_never_waits_for_the_host(architecture, dtype, options, probe):
    network = network_of(architecture).to(META, dtype)
    step = DecodeStep(QwenVL(network), FORMAT, options)
    state, cache = three_rows(network, max_length=64)
    # Not under inference mode: there the guard receives composite operations undivided.
    with torch.no_grad(), DeviceOnly():
        step.run(state.first(4), cache, width=40, probe=probe)
