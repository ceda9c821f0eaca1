"""Images and videos to the flattened patches that a Qwen-VL vision encoder takes."""

import json
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8

from forethought.backbones.adapter import checkpoint_file
from forethought.errors import ContentError, ModelError
from forethought.types import Clip, FramePolicy, Image, Patches, Video

TEXT_TIMESTAMPS = {"qwen3_vl"}
"""The architectures whose prompts hold each frame's time as text."""
TOKENS_PER_SECOND = {"qwen2_5_vl": 4.0}
"""What an architecture's `tokens_per_second` is where config.json does not state it."""


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """Which frames of a video are used, and their size.

    A frame has between `min_pixels` and `max_pixels`, and all frames together have at most
    `total_pixels` if the smallest size allows it (the rule of qwen-vl-utils; the defaults are
    for tokens of 28 x 28 pixels). `frame_list` replaces `frames` for a list or folder of frames.
    `tokens_per_second` is the number of time positions a second (Qwen2.5-VL); None gives each
    frame one.
    """

    frames: FramePolicy = field(default_factory=lambda: FramePolicy(fps=2.0))
    frame_list: FramePolicy | None = None
    min_pixels: int = 128 * 28 * 28
    max_pixels: int = 768 * 28 * 28
    total_pixels: int = int(128_000 * 28 * 28 * 0.9)
    tokens_per_second: float | None = None
    text_timestamps: bool = False

    def frame_pixels(self, frames: int, *, temporal_patch_size: int) -> int:
        """Maximum pixels of one of `frames` frames."""
        share = int(self.total_pixels / frames * temporal_patch_size)
        return max(min(self.max_pixels, share), int(self.min_pixels * 1.05))


@dataclass(frozen=True, slots=True)
class ImageProcessor:
    """Resize, normalise and cut into patches; the numbers equal transformers' Pillow processor.

    Not transformers' own: it takes two milliseconds an image, ten times this one, and its video
    processors need torchvision. An image is resized to between `min_pixels` and `max_pixels`
    at its aspect ratio.
    """

    min_pixels: int
    max_pixels: int
    patch_size: int = 14
    merge_size: int = 2
    temporal_patch_size: int = 2
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    video: VideoSettings = field(default_factory=VideoSettings)

    def __call__(self, media: Image | Video) -> Patches:
        """Cut one image or video into patches.

        Raises:
            ContentError: if one side is over 200 times the other, or a video has no frame.
        """
        if isinstance(media, Image):
            return Patches(*self._patchify(self.resize(media)[None]))
        is_list = isinstance(media.data, tuple)
        clip = media.clip((is_list and self.video.frame_list) or self.video.frames)
        values, grid = self._patchify(self._frames(clip, media.source))
        if self.video.text_timestamps:
            return Patches(values, grid, is_video=True, seconds=self._seconds(clip))
        return Patches(values, grid, is_video=True, time_step=self._time_step(clip))

    def tokens_per_side(self, pixels: int) -> int:
        """Number of placeholder tokens along a side of so many pixels."""
        return pixels // (self.patch_size * self.merge_size)

    def resize(self, image: Image) -> UInt8[np.ndarray, "H W 3"]:
        """Resize to a multiple of the token size, within the pixel limits."""
        limits = (self.min_pixels, self.max_pixels)
        height, width = self._size(image.pixels, limits, source=image.source)
        if (height, width) == image.pixels.shape[:2]:
            return image.pixels
        resized = PIL.Image.fromarray(image.pixels).resize(
            (width, height), PIL.Image.Resampling.BICUBIC
        )
        return np.asarray(resized)

    def _size(
        self, pixels: UInt8[np.ndarray, "R S 3"], limits: tuple[int, int], *, source: str
    ) -> tuple[int, int]:
        """The nearest multiples of a token's side within the limits, as `smart_resize` takes them."""
        height, width = pixels.shape[:2]
        factor = self.patch_size * self.merge_size
        if max(height, width) > 200 * min(height, width):
            raise ContentError(
                f"{source}: {width} x {height} is too long and thin; one side may be at "
                "most 200 times the other, crop it"
            )
        to_height, to_width = round(height / factor) * factor, round(width / factor) * factor
        if to_height * to_width > limits[1]:
            scale = math.sqrt((height * width) / limits[1])
            to_height = max(factor, math.floor(height / scale / factor) * factor)
            to_width = max(factor, math.floor(width / scale / factor) * factor)
        elif to_height * to_width < limits[0]:
            scale = math.sqrt(limits[0] / (height * width))
            to_height = math.ceil(height * scale / factor) * factor
            to_width = math.ceil(width * scale / factor) * factor
        return to_height, to_width

    def _frames(self, clip: Clip, source: str) -> UInt8[np.ndarray, "F H W 3"]:
        temporal = self.temporal_patch_size
        max_pixels = self.video.frame_pixels(len(clip.frames), temporal_patch_size=temporal)
        limits = (self.video.min_pixels, max_pixels)
        size = self._size(clip.frames[0], limits, source=source)
        # The last frame is repeated up to a whole number of temporal patches.
        missing = -len(clip.frames) % temporal
        frames = np.stack([*clip.frames, *[clip.frames[-1]] * missing])
        if size == frames.shape[1:3]:
            return frames
        # By torch, as in the stock video processors: Pillow rounds differently.
        stacked = torch.from_numpy(frames).permute(0, 3, 1, 2)
        resized = F.interpolate(stacked, size, mode="bicubic", antialias=True, align_corners=False)
        return resized.permute(0, 2, 3, 1).numpy()

    def _seconds(self, clip: Clip) -> tuple[float, ...]:
        """Time of each temporal patch: halfway between its first and its last frame."""
        size = self.temporal_patch_size
        times = [*clip.seconds, *[clip.seconds[-1]] * (-len(clip.seconds) % size)]
        firsts = range(0, len(times), size)
        return tuple((times[first] + times[first + size - 1]) / 2 for first in firsts)

    def _time_step(self, clip: Clip) -> float:
        if self.video.tokens_per_second is None:
            return 1.0
        return self.video.tokens_per_second * self.temporal_patch_size / clip.sample_fps

    def _patchify(
        self, pixels: UInt8[np.ndarray, "F H W 3"]
    ) -> tuple[Float[np.ndarray, "N C"], tuple[int, int, int]]:
        temporal, merge, patch = self.temporal_patch_size, self.merge_size, self.patch_size
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        normalized = (pixels.astype(np.float32) / 255 - mean) / std
        if len(pixels) == 1:
            # The temporal convolution gets the frame of an image twice.
            normalized = np.broadcast_to(normalized, (temporal, *normalized.shape[1:]))
        frames = len(normalized) // temporal
        rows, columns = (side // patch for side in normalized.shape[1:3])
        blocks = normalized.reshape(
            frames, temporal, rows // merge, merge, patch, columns // merge, merge, patch, 3
        ).transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
        count = frames * rows * columns
        return blocks.reshape(count, -1), (frames, rows, columns)

    def save(self, folder: Path) -> None:
        """Write `preprocessor_config.json`, which transformers' image processors read as well."""
        settings = {
            "image_processor_type": "Qwen2VLImageProcessor",
            "size": {"shortest_edge": self.min_pixels, "longest_edge": self.max_pixels},
            "image_mean": self.mean,
            "image_std": self.std,
            "patch_size": self.patch_size,
            "merge_size": self.merge_size,
            "temporal_patch_size": self.temporal_patch_size,
        }
        (folder / "preprocessor_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def load_image_processor(folder: Path) -> ImageProcessor:
    """Read a checkpoint's `preprocessor_config.json`, and the video timing of its `config.json`.

    Raises:
        ModelError: if one is missing or lacks a setting.
    """
    try:
        settings = _settings(folder)
        min_pixels, max_pixels = _pixel_limits(settings)
        processor = ImageProcessor(
            min_pixels=min_pixels,
            max_pixels=max_pixels,
            patch_size=settings["patch_size"],
            merge_size=settings["merge_size"],
            temporal_patch_size=settings["temporal_patch_size"],
            mean=tuple(settings["image_mean"]),
            std=tuple(settings["image_std"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable preprocessor_config.json or processor_config.json ({error}); "
            "copy or train it again"
        ) from None
    token_area = (processor.patch_size * processor.merge_size) ** 2
    return replace(processor, video=_video_settings(folder, token_area))


def _settings(folder: Path) -> dict[str, Any]:
    path = checkpoint_file(folder, "preprocessor_config.json")
    if path.is_file():
        return dict(json.loads(path.read_text()))
    # Newer processors save all of their parts in one file.
    merged = json.loads(checkpoint_file(folder, "processor_config.json").read_text())
    return dict(merged["image_processor"])


def _pixel_limits(settings: dict[str, Any]) -> tuple[int, int]:
    """The limits, under the newer names or the older ones."""
    size = settings.get("size") or {}
    smallest = size.get("shortest_edge") or size.get("min_pixels") or settings.get("min_pixels")
    largest = size.get("longest_edge") or size.get("max_pixels") or settings.get("max_pixels")
    if not smallest or not largest:
        raise KeyError("size")
    return int(smallest), int(largest)


def _video_settings(folder: Path, token_area: int) -> VideoSettings:
    path = checkpoint_file(folder, "config.json")
    if not path.is_file():
        # An image processor saved without a network is for images only.
        return VideoSettings()
    try:
        config = json.loads(path.read_text())
        architecture = config["model_type"]
        stated = config.get("vision_config", {}).get("tokens_per_second")
        per_second = TOKENS_PER_SECOND.get(architecture) if stated is None else float(stated)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: not readable ({error}); copy or train it again") from None
    text_timestamps = architecture in TEXT_TIMESTAMPS
    return VideoSettings(
        # As in qwen-vl-utils, for tokens of this many pixels.
        min_pixels=128 * token_area,
        max_pixels=768 * token_area,
        total_pixels=int(128_000 * token_area * 0.9),
        tokens_per_second=None if text_timestamps else per_second,
        text_timestamps=text_timestamps,
    )
