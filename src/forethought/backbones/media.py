"""Pictures as the patches a Qwen-VL vision tower takes."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from jaxtyping import Float, UInt8
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from forethought.errors import ContentError, ModelError
from forethought.types import Image, Patches


@dataclass(frozen=True, slots=True)
class Patchifier:
    """Resize, normalise, cut: the same numbers as transformers' Pillow image processor.

    Written out because that class costs two milliseconds a picture, ten times this one.
    A picture is resized to between `min_pixels` and `max_pixels` with its aspect kept.
    """

    min_pixels: int
    max_pixels: int
    patch_size: int = 14
    merge_size: int = 2
    temporal_patch_size: int = 2
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)

    def __call__(self, image: Image) -> Patches:
        """Cut one picture.

        Raises:
            ContentError: if one side is over 200 times the other.
        """
        pixels = self.resize(image)
        rows, columns = (side // self.patch_size for side in pixels.shape[:2])
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        normal = (pixels.astype(np.float32) / 255 - mean) / std
        return Patches(self._cut(normal, rows, columns), (1, rows, columns))

    def tokens_across(self, pixels: int) -> int:
        """How many tokens a side of so many pixels becomes."""
        return pixels // (self.patch_size * self.merge_size)

    def resize(self, image: Image) -> UInt8[np.ndarray, "H W 3"]:
        """Bring a picture to the size the tower sees."""
        height, width = image.pixels.shape[:2]
        try:
            to_height, to_width = smart_resize(
                height,
                width,
                factor=self.patch_size * self.merge_size,
                min_pixels=self.min_pixels,
                max_pixels=self.max_pixels,
            )
        except ValueError:
            raise ContentError(
                f"{image.source}: {width} x {height} is too long and thin; one side may be at "
                "most 200 times the other, crop it"
            ) from None
        if (to_height, to_width) == (height, width):
            return image.pixels
        picture = PIL.Image.fromarray(image.pixels)
        resized = picture.resize((to_width, to_height), PIL.Image.Resampling.BICUBIC)
        return np.asarray(resized)

    def _cut(
        self, normal: Float[np.ndarray, "H W 3"], rows: int, columns: int
    ) -> Float[np.ndarray, "N C"]:
        merge, patch = self.merge_size, self.patch_size
        blocks = normal.reshape(
            rows // merge, merge, patch, columns // merge, merge, patch, 3
        ).transpose(0, 3, 1, 4, 6, 2, 5)
        flat = blocks.reshape(rows * columns, 3, 1, patch, patch)
        # A still picture is shown to the temporal convolution as the same frame twice.
        return np.repeat(flat, self.temporal_patch_size, axis=2).reshape(rows * columns, -1)

    def save(self, folder: Path) -> None:
        """Write what transformers' image processors read."""
        settings = {
            "image_processor_type": "Qwen2VLImageProcessor",
            "size": {"shortest_edge": self.min_pixels, "longest_edge": self.max_pixels},
            "image_mean": self.mean,
            "image_std": self.std,
            **{
                key: value
                for key, value in asdict(self).items()
                if key in {"patch_size", "merge_size", "temporal_patch_size"}
            },
        }
        (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def load_patchifier(folder: Path) -> Patchifier:
    """Read a checkpoint's `preprocessor_config.json`.

    Raises:
        ModelError: if it is missing or lacks a setting.
    """
    try:
        settings = json.loads((folder / "preprocessor_config.json").read_text())
        return Patchifier(
            min_pixels=settings["size"]["shortest_edge"],
            max_pixels=settings["size"]["longest_edge"],
            patch_size=settings["patch_size"],
            merge_size=settings["merge_size"],
            temporal_patch_size=settings["temporal_patch_size"],
            mean=tuple(settings["image_mean"]),
            std=tuple(settings["image_std"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable preprocessor_config.json ({error}); copy or train it again"
        ) from None
