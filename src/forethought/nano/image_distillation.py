"""Train the vision encoder alone: predict what a frozen encoder says of each part of a picture.

One vector a picture is a weak signal for an encoder that starts from random weights; a target for
each of its tokens is as many signals as it has tokens (dense feature distillation, as in
FitNets, arXiv 1412.6550, on the language model's side of the merger).
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.errors import ConfigError
from forethought.files import atomic
from forethought.nano.frozen_encoders import FrozenImageEncoder
from forethought.nano.glyph_examples import GlyphExamples
from forethought.training import RunContext, StepInputs
from forethought.types import Image, OpenProgress, Patches, Progress, no_progress

FILE = "image_distillation.safetensors"
SCALE = 0.3
"""The root mean square of a target's numbers: about that of a token after a few layers."""
_SAMPLE = 1024
"""Pictures from which the principal axes of the targets are computed."""
_CHUNK = 256
_STREAM = 4
_SQUARE = Image(np.zeros((256, 256, 3), np.uint8))


@runtime_checkable
class PatchEncoder(Protocol):
    """Computes features of the parts of pictures."""

    def grid_features(
        self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]], *, side: int
    ) -> Float[Tensor, "N S F"]:
        """The features of the `side` x `side` parts of each picture, row by row."""
        ...


@dataclass(frozen=True, slots=True)
class ImageDistillation:
    """An objective: the targets of `count` pictures a step, of those that the examples name."""

    count: int

    def bind(self, run: RunContext) -> "DistillationLoss":
        """Compute the targets, unless they are stored beside the data.

        Raises:
            ConfigError: if the examples are not those of the built data.
        """
        source = run.source
        if not isinstance(source, GlyphExamples):
            raise ConfigError(
                "image distillation needs the pictures of GlyphExamples, got "
                f"{type(source).__name__}; leave the objective out"
            )
        if not source.pictures:
            raise ConfigError(
                f"image distillation needs pictures, and the pairs in {source.folder} have none; "
                "leave the objective out, or name data with pictures, such as data/glyphs"
            )
        processor = run.encoder.renderer.layout.image_processor
        backbone = run.reader.backbone
        _, rows, _ = processor(_SQUARE).grid
        side, width = rows // backbone.placeholders.merge_size, backbone.hidden_size
        targets = run.once(
            ("patch targets", source.folder, side, width),
            lambda: patch_targets(source, side=side, width=width, open_progress=run.open_progress),
        )
        return DistillationLoss(backbone, processor, targets, count=self.count, seed=run.seed)


@dataclass(frozen=True, slots=True, eq=False)
class PatchTargets:
    """Pictures, and a target vector for each of their `side` x `side` parts."""

    pictures: tuple[Image, ...]
    vectors: Float[Tensor, "P S H"]
    side: int


@dataclass(frozen=True, slots=True, eq=False)
class DistillationLoss:
    """Squared error of the vision encoder's tokens, divided by the targets' variance."""

    backbone: QwenVL
    image_processor: Callable[[Image], Patches]
    targets: PatchTargets
    count: int
    seed: int

    def __call__(self, inputs: StepInputs) -> Float[Tensor, ""]:
        """The mean loss of a step's pictures, about half of them mirrored with their targets."""
        targets, side = self.targets, self.targets.side
        rng = np.random.default_rng((self.seed, inputs.number, _STREAM))
        rows = rng.integers(len(targets.pictures), size=self.count)
        mirrored = rng.random(self.count) < 0.5
        patches = [
            self.image_processor(
                _mirror(targets.pictures[row]) if mirror else targets.pictures[row]
            )
            for row, mirror in zip(rows, mirrored, strict=True)
        ]
        vectors = targets.vectors[torch.from_numpy(rows)].float().view(self.count, side, side, -1)
        flipped = torch.from_numpy(mirrored)[:, None, None, None]
        vectors = torch.where(flipped, vectors.flip(2), vectors).flatten(0, 2)
        tokens = self.backbone.encode_images(
            torch.from_numpy(np.concatenate([p.values for p in patches])).to(self.backbone.device),
            torch.tensor([p.grid for p in patches], device=self.backbone.device),
        )
        return F.mse_loss(tokens.float(), vectors.to(tokens.device)) / SCALE**2


def patch_targets(
    source: GlyphExamples,
    *,
    side: int,
    width: int,
    encoder: PatchEncoder | None = None,
    open_progress: OpenProgress = no_progress,
) -> PatchTargets:
    """The targets of every picture of the examples, of `width` numbers each.

    They are stored beside the data and computed again when a picture, `side` or `width`
    changes. The encoder is the published one unless another is given.
    """
    names = sorted(source.pictures)
    pictures = tuple(source.pictures[name] for name in names)
    path, key = source.folder / FILE, _key(pictures, side, width)
    is_cached = _is_of(path, key)
    what = f"{len(pictures)} pictures {'cached' if is_cached else 'to compute'}"
    with open_progress(f"{path}: {what}") as progress:
        if not is_cached:
            encode = partial((encoder or FrozenImageEncoder.published()).grid_features, side=side)
            pixels = [picture.pixels for picture in pictures]
            vectors = _compute(pixels, encode, width=width, progress=progress)
            with atomic(path) as temporary:
                save_file({"vectors": vectors}, temporary, metadata={"key": key})
    return PatchTargets(pictures, load_file(path)["vectors"], side)


def _key(pictures: Sequence[Image], side: int, width: int) -> str:
    digest = hashlib.sha256(f"{side} {width}".encode())
    for picture in pictures:
        digest.update(picture.pixels.tobytes())
    return digest.hexdigest()


def _is_of(path: Path, key: str) -> bool:
    if not path.is_file():
        return False
    with safe_open(path, framework="pt") as file:
        return bool((file.metadata() or {}).get("key") == key)


def _compute(
    pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]],
    encode: Callable[[Sequence[UInt8[np.ndarray, "_ _ 3"]]], Float[Tensor, "N S F"]],
    *,
    width: int,
    progress: Progress,
) -> Float[Tensor, "P S H"]:
    sample = pictures[:: max(1, len(pictures) // _SAMPLE)]
    total = len(sample) + len(pictures)

    def encode_all(
        some: Sequence[UInt8[np.ndarray, "_ _ 3"]], before: int
    ) -> Iterator[Float[Tensor, "N S F"]]:
        for start in range(0, len(some), _CHUNK):
            yield encode(some[start : start + _CHUNK])
            progress(min(before + start + _CHUNK, before + len(some)), total)

    mean, axes = _axes(torch.cat(list(encode_all(sample, 0))).flatten(0, 1), width)
    parts = [((features - mean) @ axes).half() for features in encode_all(pictures, len(sample))]
    return torch.cat(parts).contiguous()


def _axes(
    features: Float[Tensor, "N F"], width: int
) -> tuple[Float[Tensor, " F"], Float[Tensor, "F H"]]:
    """The mean, and the principal axes, scaled so that the targets' numbers have `SCALE`."""
    mean = features.mean(0)
    centred = (features - mean).double()
    # eigh sorts upwards. Not whitened: the large axes are the content, the small ones noise.
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :width]
    size = (centred @ axes).square().mean().sqrt()
    return mean, (axes * (SCALE / size)).to(features.dtype)


def _mirror(image: Image) -> Image:
    return Image(np.ascontiguousarray(image.pixels[:, ::-1]), source=image.source)
