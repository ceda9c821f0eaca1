"""The frozen tower's features of every drawing in training, computed once, in shards on disk."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from jaxtyping import Float
from safetensors.torch import load_file, save_file
from torch import Tensor

from forethought.backbones import FrozenTower, ImageProcessor
from forethought.files import atomic
from forethought.nano.augment import ASYMMETRIC_TASKS, augment_image
from forethought.nano.glyph_examples import read_table
from forethought.nano.glyphs.nouns import PSEUDO
from forethought.types import Image, OpenProgress, Patches, no_progress

VARIANTS = 2
"""The versions of a picture: as it is drawn, and changed at random by `augment_image`."""
SHARD = 256
"""Pictures a shard: what is lost when the process is killed."""
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class TowerFeatures:
    """Features of pictures by their ids: 16-bit floats, one row a place of a 4 x 4 grid.

    Args:
        values: (picture, variant, place, feature).
        class_width: the width of a class vector; see `FrozenTower.features`.
    """

    rows: Mapping[str, int]
    values: Float[np.ndarray, "P V 16 F"]
    class_width: int

    @property
    def variants(self) -> int:
        """How many versions of each picture there are."""
        return int(self.values.shape[1])

    @property
    def width(self) -> int:
        """The number of features of a place."""
        return int(self.values.shape[3])

    def of(self, picture: str, variant: int) -> Float[np.ndarray, "16 F"]:
        """A copy of the features of a version of a picture, as 32-bit floats."""
        found: Float[np.ndarray, "16 F"] = self.values[self.rows[picture], variant].astype(
            np.float32
        )
        return found


def tower_features(
    data: Path,
    tower: FrozenTower,
    pixels: ImageProcessor,
    *,
    open_progress: OpenProgress = no_progress,
) -> TowerFeatures:
    """Read the features of the pictures that examples name; compute what is not stored yet.

    Raises:
        DataError: if the data are not built.
    """
    drawn, asymmetric = _named(data)
    folder = data / f"tower-{_digest(tower, drawn)}"
    folder.mkdir(exist_ok=True)
    parts = []
    with open_progress(f"{folder}: features of {len(drawn)} pictures") as progress:
        for start in range(0, len(drawn), SHARD):
            path, names = folder / f"{start // SHARD:04}.safetensors", drawn[start : start + SHARD]
            if not path.is_file():
                values = _computed(data, names, asymmetric, tower=tower, pixels=pixels)
                with atomic(path) as temporary:
                    save_file({"values": values}, temporary)
            parts.append(load_file(path)["values"])
            progress(start + len(names), len(drawn))
    rows = {name: row for row, name in enumerate(drawn)}
    return TowerFeatures(rows, torch.cat(parts).numpy(), tower.class_vectors.shape[1])


def _named(data: Path) -> tuple[list[str], set[str]]:
    """The drawings that examples name, and those of them that must not be mirrored."""
    drawn: set[str] = set()
    asymmetric: set[str] = set()
    for row in read_table(data / "examples.parquet"):
        names = {row["query_picture"], row["document_picture"]} - {""}
        drawn |= {name for name in names if not name.startswith(PSEUDO)}
        if row["task"] in ASYMMETRIC_TASKS:
            asymmetric |= names
    return sorted(drawn), asymmetric


def _computed(
    data: Path,
    names: Sequence[str],
    asymmetric: set[str],
    *,
    tower: FrozenTower,
    pixels: ImageProcessor,
) -> Float[Tensor, "P V 16 F"]:
    filters = [("picture", "in", list(names))]
    table = pq.read_table(data / "pictures.parquet", columns=["picture", "png"], filters=filters)
    png = {row["picture"]: row["png"] for row in table.to_pylist()}

    def patches_of(name: str) -> list[Patches]:
        image = Image(png[name], source=name)
        return [pixels(version) for version in _versions(image, may_flip=name not in asymmetric)]

    # Beside a GPU this takes most of the time.
    with ThreadPoolExecutor() as threads:
        patches = [one for some in threads.map(patches_of, names) for one in some]
    device, found = tower.class_vectors.device, []
    for start in range(0, len(patches), _BATCH):
        part = patches[start : start + _BATCH]
        values = torch.from_numpy(np.concatenate([one.values for one in part])).to(device)
        grids = torch.tensor([one.grid for one in part])
        found.append(tower.features(values, grids).half().cpu())
    features = torch.cat(found)
    return features.view(len(names), VARIANTS, -1, features.shape[1]).contiguous()


def _versions(image: Image, *, may_flip: bool) -> Iterator[Image]:
    yield image
    for variant in range(1, VARIANTS):
        seed = hashlib.sha256(f"{image.source}@{variant}".encode()).hexdigest()[:8]
        yield augment_image(image, np.random.default_rng(int(seed, 16)), may_flip=may_flip)


def _digest(tower: FrozenTower, names: Sequence[str]) -> str:
    """What the features depend on: the frozen weights, the names, the number of versions."""
    digest = hashlib.sha256(f"{VARIANTS}\n".encode())
    for name, weight in sorted(tower.named_buffers()):
        digest.update(f"{name} {weight.cpu().double().sum().item():.6e}\n".encode())
    digest.update("\n".join(names).encode())
    return digest.hexdigest()[:12]
