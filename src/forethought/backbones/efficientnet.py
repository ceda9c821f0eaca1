"""EfficientNet-Lite0, for weights published with batch norms."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Repeats, kernel, stride, expansion, channels: arXiv:1905.11946, table 1, less squeeze-excitation."""
STEM = 32
EFFICIENTNET_FEATURES = 1280
CLASSES = 1000
CPU_BATCH, GPU_BATCH = 4, 64
"""Larger batches fall out of a CPU's cache: 16 pictures at a time take 1.3 times as long there."""
EPSILON = 1e-3
"""Added to the variance in the published batch norms."""


def picture_batch(device: torch.device) -> int:
    """How many pictures are run at a time."""
    return CPU_BATCH if device.type == "cpu" else GPU_BATCH


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow pads: an odd pixel goes to the right and the bottom."""

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K R S"]:
        """Convolve; each side shrinks by the stride, rounded up."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        high, wide = (max(0, kernel - (side % stride or stride)) for side in x.shape[-2:])
        if high % 2 or wide % 2:
            x = F.pad(x, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
            high = wide = 0
        padding = (high // 2, wide // 2)
        return F.conv2d(x, self.weight, self.bias, self.stride, padding=padding, groups=self.groups)


class InvertedResidual(nn.Module):
    """A 1x1 expansion, a depthwise convolution, a 1x1 projection; residual if the shape stays."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inputs * expand
        self.expand = SameConv(inputs, wide, 1) if expand > 1 else None
        self.depthwise = SameConv(wide, wide, kernel, stride=stride, groups=wide)
        self.project = SameConv(wide, outputs, 1)
        self.is_residual = stride == 1 and inputs == outputs

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K R S"]:
        """Apply the three convolutions."""
        wide = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        narrow: Tensor = self.project(F.relu6(self.depthwise(wide), inplace=True))
        return x + narrow if self.is_residual else narrow


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0's feature maps, its batch norms folded into the convolutions.

    `classifier` maps the mean of a feature map to the logits of ImageNet's classes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, STEM, 3, stride=2)
        blocks = []
        inputs = STEM
        for repeats, kernel, stride, expand, outputs in STAGES:
            for index in range(repeats):
                step = stride if index == 0 else 1
                blocks.append(
                    InvertedResidual(inputs, outputs, kernel=kernel, stride=step, expand=expand)
                )
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = SameConv(inputs, EFFICIENTNET_FEATURES, 1)
        self.classifier = nn.Linear(EFFICIENTNET_FEATURES, CLASSES)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B F R S"]:
        """Compute a feature map at 1/32 of the resolution; pixels are `(value - 127) / 128`."""
        x = self.blocks(F.relu6(self.stem(pixels), inplace=True))
        return F.relu6(self.head(x), inplace=True)


def fold_batch_norms(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Convert the published state dict: each batch norm is folded into the convolution before it.

    A norm maps x to g (x - m) / s + b, so its convolution's weight is scaled by g / s and
    its bias is b - m g / s.
    """
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    for index in range(sum(repeats for repeats, *_ in STAGES)):
        ours, theirs = f"blocks.{index}", f"_blocks.{index}"
        if f"{theirs}._expand_conv.weight" in state:
            pairs[f"{ours}.expand"] = (f"{theirs}._expand_conv", f"{theirs}._bn0")
        pairs[f"{ours}.depthwise"] = (f"{theirs}._depthwise_conv", f"{theirs}._bn1")
        pairs[f"{ours}.project"] = (f"{theirs}._project_conv", f"{theirs}._bn2")
    converted = {f"classifier.{part}": state[f"_fc.{part}"] for part in ("weight", "bias")}
    for name, (conv, norm) in pairs.items():
        spread = (state[f"{norm}.running_var"] + EPSILON).sqrt()
        scale = state[f"{norm}.weight"] / spread
        converted[f"{name}.weight"] = state[f"{conv}.weight"] * scale[:, None, None, None]
        converted[f"{name}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    return converted
