"""Teach the vision tower alone: what stands where in a picture, as a frozen tower describes it.

One vector a picture is a thin signal for a tower that starts from nothing; a description of
each of its parts is as many signals as it has tokens (dense feature distillation, as in
FitNets, arXiv 1412.6550, on the language model's side of the merger).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from forethought.backbones import QwenVL
from forethought.data import GlyphPairs
from forethought.nano.frozen_encoders import FrozenImageEncoder
from forethought.types import Image, Patches

FILE = "sight.safetensors"
SCALE = 0.3
"""The root mean square of a description's numbers: about that of a token after a few layers."""
SAMPLE = 1024
"""Pictures from which the axes of a description are taken."""
CHUNK = 256


@runtime_checkable
class PatchEncoder(Protocol):
    """Describes parts of pictures."""

    def places(
        self, pictures: Sequence[UInt8[np.ndarray, "_ _ 3"]], *, side: int
    ) -> Float[Tensor, "N S F"]:
        """Describe the `side` x `side` parts of each picture, row by row."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ImageDistillation:
    """Pictures, and a description of each of their `side` x `side` parts."""

    pictures: tuple[Image, ...]
    described: Float[Tensor, "P S H"]
    side: int
    patchify: Callable[[Image], Patches]
    seed: int

    def loss(self, backbone: QwenVL, step: int, count: int) -> Float[Tensor, ""]:
        """Squared error of what the tower sees of `count` pictures, against their variance."""
        rng = np.random.default_rng((self.seed, step, 4))
        rows = rng.integers(len(self.pictures), size=count)
        mirrored = rng.random(count) < 0.5
        patches = [
            self.patchify(_mirror(self.pictures[row]) if mirror else self.pictures[row])
            for row, mirror in zip(rows, mirrored, strict=True)
        ]
        described = (
            self.described[torch.from_numpy(rows)].float().view(count, self.side, self.side, -1)
        )
        flipped = torch.from_numpy(mirrored)[:, None, None, None]
        described = torch.where(flipped, described.flip(2), described).flatten(0, 2)
        seen = backbone.encode_images(
            torch.from_numpy(np.concatenate([p.values for p in patches])).to(backbone.device),
            torch.tensor([p.grid for p in patches], device=backbone.device),
        )
        return F.mse_loss(seen.float(), described.to(seen.device)) / SCALE**2


def load_image_distillation(
    source: GlyphPairs,
    *,
    side: int,
    width: int,
    patchify: Callable[[Image], Patches],
    seed: int,
    tower: PatchEncoder | None = None,
) -> ImageDistillation:
    """Read the descriptions of every training picture; write them if they are not there.

    They are kept beside the data and made anew when a picture, `side` or `width` changes.
    """
    names = sorted(source.pictures)
    pictures = tuple(source.pictures[name] for name in names)
    path, key = source.folder / FILE, _key(pictures, side, width)
    if not _is_of(path, key):
        _write(
            path, pictures, tower or FrozenImageEncoder.published(), side=side, width=width, key=key
        )
    return ImageDistillation(pictures, load_file(path)["described"], side, patchify, seed)


def _key(pictures: tuple[Image, ...], side: int, width: int) -> str:
    digest = hashlib.sha256(f"{side} {width}".encode())
    for picture in pictures:
        digest.update(picture.pixels.tobytes())
    return digest.hexdigest()


def _is_of(path: Path, key: str) -> bool:
    if not path.is_file():
        return False
    with safe_open(path, framework="pt") as file:
        return bool((file.metadata() or {}).get("of") == key)


def _write(
    path: Path,
    pictures: tuple[Image, ...],
    tower: PatchEncoder,
    *,
    side: int,
    width: int,
    key: str,
) -> None:
    def places(chosen: tuple[Image, ...]) -> Float[Tensor, "N S F"]:
        return tower.places([image.pixels for image in chosen], side=side)

    every = max(1, len(pictures) // SAMPLE)
    mean, axes = _axes(places(pictures[::every]).flatten(0, 1), width)
    parts = [
        ((places(pictures[at : at + CHUNK]) - mean) @ axes).half()
        for at in range(0, len(pictures), CHUNK)
    ]
    scratch = path.with_name(f".{path.name}")
    described = {"described": torch.cat(parts).contiguous()}
    scratch.write_bytes(save(described, metadata={"of": key}))
    scratch.replace(path)


def _axes(
    features: Float[Tensor, "N F"], width: int
) -> tuple[Float[Tensor, " F"], Float[Tensor, "F H"]]:
    """The mean, and the principal axes scaled so that a description's numbers have `SCALE`."""
    mean = features.mean(0)
    centred = (features - mean).double()
    # eigh sorts upwards. Not whitened: the large axes are what a picture shows, the small noise.
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :width]
    size = (centred @ axes).square().mean().sqrt()
    return mean, (axes * (SCALE / size)).to(features.dtype)


def _mirror(image: Image) -> Image:
    return Image(np.ascontiguousarray(image.pixels[:, ::-1]), source=image.source)
