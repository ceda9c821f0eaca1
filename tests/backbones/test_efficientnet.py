import pytest
import torch
from torch import nn
from torch.nn import functional as F

from forethought.backbones.efficientnet import (
    EPSILON,
    EfficientNetLite,
    InvertedResidual,
    SameConv,
    fold_batch_norms,
)


def test_an_odd_pixel_of_padding_goes_to_the_right_and_the_bottom():
    conv = SameConv(1, 1, 3, stride=2, bias=False)
    nn.init.ones_(conv.weight)
    # Side 4, kernel 3, stride 2: windows start at 0 and 2, so one column and row is padded
    # after the last. Of ones: 3x3, 3x2 / 2x3, 2x2.
    out = conv(torch.ones(1, 1, 4, 4))
    assert out[0, 0].tolist() == [[9.0, 6.0], [6.0, 4.0]]


@pytest.mark.parametrize(("side", "stride", "expected"), [(7, 1, 7), (7, 2, 4), (8, 2, 4)])
def test_each_side_shrinks_by_the_stride_rounded_up(side, stride, expected):
    out = SameConv(2, 3, 5, stride=stride)(torch.zeros(1, 2, side, side + 2 * stride))
    assert out.shape == (1, 3, expected, expected + 2)


def test_a_block_is_residual_only_if_the_shape_stays():
    block = InvertedResidual(4, 4, kernel=3, stride=1, expand=2)
    for parameter in block.project.parameters():
        nn.init.zeros_(parameter)
    x = torch.rand(1, 4, 6, 5)
    assert torch.equal(block(x), x)
    assert not InvertedResidual(4, 4, kernel=3, stride=2, expand=2).is_residual
    assert not InvertedResidual(4, 6, kernel=3, stride=1, expand=2).is_residual


def published_names() -> dict[str, torch.Tensor]:
    """A random state dict under the published names."""
    generator = torch.Generator().manual_seed(5)
    ours = EfficientNetLite().state_dict()
    state = {f"_fc.{part}": ours[f"classifier.{part}"] for part in ("weight", "bias")}
    layers = [key.removesuffix(".weight") for key in ours if key.endswith(".weight")]
    for name in layers[:-1]:
        conv, norm = theirs(name)
        shape = ours[f"{name}.weight"].shape
        state[f"{conv}.weight"] = torch.randn(shape, generator=generator)
        for part in ("weight", "bias", "running_mean", "running_var"):
            state[f"{norm}.{part}"] = torch.rand(shape[0], generator=generator) + 0.5
    return state


def theirs(name: str) -> tuple[str, str]:
    if name in {"stem", "head"}:
        return {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}[name]
    block, _, layer = name.rpartition(".")
    norms = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
    return f"_{block}._{layer}_conv", f"_{block}.{norms[layer]}"


def test_folding_gives_every_weight_of_the_net():
    state = published_names()
    net = EfficientNetLite()
    net.load_state_dict(fold_batch_norms(state))
    assert torch.equal(net.classifier.weight, state["_fc.weight"])


def test_a_folded_convolution_equals_the_convolution_and_its_norm():
    state = published_names()
    x = torch.rand(2, 3, 6, 8)
    conv = F.conv2d(x, state["_conv_stem.weight"])
    norm = F.batch_norm(
        conv,
        state["_bn0.running_mean"],
        state["_bn0.running_var"],
        state["_bn0.weight"],
        state["_bn0.bias"],
        eps=EPSILON,
    )
    ours = fold_batch_norms(state)
    torch.testing.assert_close(
        F.conv2d(x, ours["stem.weight"], ours["stem.bias"]), norm, rtol=1e-4, atol=1e-4
    )
