import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from forethought.backbones import QwenVL, collate
from forethought.backbones.linear import Packed, pack

on_packing = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(), reason="torch was built without oneDNN"
)


class OpNames(TorchDispatchMode):
    """Records the names of the operations that run."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def layer(size=(7, 11), *, bias=True, seed=1):
    generator = torch.Generator().manual_seed(seed)
    made = nn.Linear(size[0], size[1], bias=bias)
    for parameter in made.parameters():
        parameter.data.copy_(torch.randn(parameter.shape, generator=generator))
    return made


def packed(size=(7, 11), *, bias=True):
    made = layer(size, bias=bias)
    pack(made)
    return made


def states(*shape, seed=2):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def runs_packed(function, *inputs):
    """Whether oneDNN computes the function from packed weights."""
    with OpNames() as ops:
        function(*inputs)
    return any("mkldnn" in name and "pointwise" in name for name in ops.names)


def expect(made, given, *, tolerance=1e-5):
    """The layer computes with its current weights."""
    expected = F.linear(given, made.weight, made.bias)
    torch.testing.assert_close(made(given), expected, atol=tolerance, rtol=tolerance)


@on_packing
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("shape", "size"), [((4, 7), (7, 11)), ((33, 96), (96, 40)), ((2, 3, 5, 16), (16, 1))]
)
@torch.inference_mode()
def test_a_packed_layer_equals_the_stock_layer(shape, size, bias):
    with torch.inference_mode(mode=False):
        made = packed(size, bias=bias)
    given = states(*shape)
    assert runs_packed(made, given)
    assert made(given).shape == (*shape[:-1], size[1])
    expect(made, given)
    expect(made, states(*shape, seed=3) * 9)


@on_packing
@torch.no_grad()
def test_non_contiguous_states_are_multiplied_right():
    made = packed()
    assert runs_packed(made, states(7, 9).T)
    expect(made, states(7, 9).T)
    expect(made, states(9, 14)[:, ::2])


@on_packing
@torch.no_grad()
def test_a_single_row_is_computed_packed_and_an_empty_input_is_not():
    made = packed()
    for shape in ((7,), (1, 7), (1, 1, 7)):
        assert runs_packed(made, states(*shape)), shape
        expect(made, states(*shape))
    assert not runs_packed(made, states(0, 7))
    expect(made, states(0, 7))


@on_packing
def test_with_gradients_it_is_the_stock_layer():
    made, stock = packed(), layer()
    given, other = (states(9, 7).requires_grad_() for _ in range(2))
    assert not runs_packed(made, given)
    for module, states_of in ((made, given), (stock, other)):
        module(states_of).square().sum().backward()
    torch.testing.assert_close(given.grad, other.grad)
    torch.testing.assert_close(made.weight.grad, stock.weight.grad)
    torch.testing.assert_close(made.bias.grad, stock.bias.grad)


def optimise(made):
    with torch.enable_grad():
        made(states(9, 7)).square().sum().backward()
    torch.optim.SGD(made.parameters(), lr=0.3).step()


def replace(made):
    made.weight = nn.Parameter(made.weight * 2)


def change_through_data(made):
    # torch does not count such a change, so the layer must be packed explicitly.
    made.weight.data.mul_(-2)
    pack(made)


CHANGES = {
    "in place": lambda made: made.weight.mul_(-2),
    "loaded": lambda made: made.load_state_dict(layer(seed=5).state_dict()),
    "optimised": optimise,
    "replaced": replace,
    "bias": lambda made: made.bias.add_(4),
    "set": lambda made: setattr(made.weight, "data", made.weight * 3),
    "data": change_through_data,
}


@on_packing
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@torch.no_grad()
def test_changed_weights_are_used_at_the_next_call(change):
    made, given = packed(), states(9, 7)
    before = made(given)
    change(made)
    assert runs_packed(made, given)
    assert (made(given) - before).abs().max() > 0.1
    expect(made, given)


@on_packing
@torch.no_grad()
def test_other_dtypes_and_autocast_use_the_stock_layer():
    half, double = packed().bfloat16(), packed().double()
    assert not runs_packed(half, states(9, 7).bfloat16())
    assert not runs_packed(double, states(9, 7).double())
    expect(half, states(9, 7).bfloat16(), tolerance=0)
    expect(double, states(9, 7).double(), tolerance=1e-12)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert not runs_packed(packed(), states(9, 7))
        assert packed()(states(9, 7)).dtype is torch.bfloat16


@torch.no_grad()
def test_a_used_layer_is_copied_and_saved_like_the_stock_one():
    made, given = packed(), states(9, 7)
    made(given)
    twin = copy.deepcopy(made)
    assert isinstance(twin, Packed)
    twin.weight.add_(1)
    expect(twin, given)
    expect(made, given)
    assert list(made.state_dict()) == ["weight", "bias"]
    stock = layer(seed=8)
    stock.load_state_dict(made.state_dict())
    torch.testing.assert_close(stock(given), made(given), atol=1e-5, rtol=1e-5)


class Subclass(nn.Linear):
    """A layer that is not stock."""


def test_only_stock_layers_are_packed_and_tied_weights_stay_tied():
    network = nn.ModuleDict(
        {"embed": nn.Embedding(13, 7), "subclass": Subclass(7, 7), "head": layer((7, 13))}
    )
    network["head"].weight = network["embed"].weight
    names = list(network.state_dict())
    pack(network)
    assert type(network["subclass"]) is Subclass
    assert type(network["embed"]) is nn.Embedding
    assert type(network["head"]) is Packed
    assert network["head"].weight is network["embed"].weight
    assert list(network.state_dict()) == names
    with torch.no_grad():
        network["head"](states(9, 7))
        network["embed"].weight.mul_(3)
        expect(network["head"], states(9, 7))


@on_packing
@torch.inference_mode()
def test_a_packed_network_equals_the_stock_one(tiny_encoder):
    stock = tiny_encoder.engine.backbone
    with torch.inference_mode(mode=False):
        network = copy.deepcopy(stock.network)
    for module in network.modules():
        if isinstance(module, Packed):
            module.__class__ = nn.Linear  # type: ignore[assignment]
    plain = QwenVL(network)
    with torch.inference_mode(mode=False):
        fast = QwenVL(copy.deepcopy(network))
    pack(fast.network)
    batch = collate(
        [(5, 9, 7, 4), (3, 8)], [[], []], side="right", placeholders=stock.placeholders, pad_id=0
    )
    assert runs_packed(fast.hidden_states, batch)
    assert not runs_packed(plain.hidden_states, batch)
    expected = plain.hidden_states(batch)
    torch.testing.assert_close(fast.hidden_states(batch), expected, atol=1e-5, rtol=1e-5)
    last = expected[:, :2].flatten(0, 1)
    torch.testing.assert_close(fast.logits(last), plain.logits(last), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("patches", [1, 7, 60])
@torch.no_grad()
def test_a_packed_patch_embedding_equals_the_stock_convolution(patches, bias):
    stock = nn.Conv3d(3, 20, kernel_size=(2, 5, 4), stride=(2, 5, 4), bias=bias)
    made = copy.deepcopy(stock)
    pack(made)
    given = torch.randn(patches, 3, 2, 5, 4, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(made(given), stock(given), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": (2, 4, 4), "stride": (2, 4, 4)},
        {"kernel_size": (2, 8, 8), "stride": 1, "padding": 1},
        {"kernel_size": (2, 8, 8), "stride": 1, "groups": 2},
    ],
    ids=["larger", "padded", "groups"],
)
@torch.no_grad()
def test_any_other_convolution_is_the_stock_one(settings):
    stock = nn.Conv3d(4, 6, **settings)
    made = copy.deepcopy(stock)
    pack(made)
    given = torch.randn(9, 4, 2, 8, 8, generator=torch.Generator().manual_seed(3))
    assert torch.equal(made(given), stock(given))
