"""Pictures and videos as the patches a Qwen-VL vision tower takes."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from transformers import AutoConfig
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from forethought.backbones.folder import file_of
from forethought.errors import ContentError, ModelError
from forethought.types import Clip, FramePolicy, Image, Patches, Video

SPOKEN_TIME = {"qwen3_vl"}
"""The architectures that are told in words when a frame is shown."""


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How a video is shown: which frames, and how large each of them is.

    A frame has between `min_pixels` and `max_pixels`, and all of them together no more than
    `total_pixels`, if the smallest size allows it (the rule of qwen-vl-utils; its numbers are
    for tokens of 28 x 28 pixels here). Of a list or folder of frames `listed` chooses, if
    there is one. `tokens_per_second` spreads frames over time positions (Qwen2.5-VL); None
    counts frames.
    """

    frames: FramePolicy = field(default_factory=lambda: FramePolicy(fps=2.0))
    listed: FramePolicy | None = None
    min_pixels: int = 128 * 28 * 28
    max_pixels: int = 768 * 28 * 28
    total_pixels: int = int(128_000 * 28 * 28 * 0.9)
    tokens_per_second: float | None = None
    spoken_time: bool = False

    def frame_pixels(self, frames: int, *, together: int) -> int:
        """The most pixels a frame may have; `together` of them become one patch in time."""
        share = int(self.total_pixels / frames * together)
        return max(min(self.max_pixels, share), int(self.min_pixels * 1.05))


@dataclass(frozen=True, slots=True)
class ImageProcessor:
    """Resize, normalise, cut: the same numbers as transformers' Pillow image processor.

    Written out because that class costs two milliseconds a picture, ten times this one, and
    none of its kind takes a video without torchvision. A picture is resized to between
    `min_pixels` and `max_pixels` with its aspect kept.
    """

    min_pixels: int
    max_pixels: int
    patch_size: int = 14
    merge_size: int = 2
    temporal_patch_size: int = 2
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    video: VideoSettings = field(default_factory=VideoSettings)

    def __call__(self, shown: Image | Video) -> Patches:
        """Cut one picture or video.

        Raises:
            ContentError: if one side is over 200 times the other, or a video shows nothing.
        """
        if isinstance(shown, Image):
            return Patches(*self._cut(self.resize(shown)[None]))
        listed = isinstance(shown.data, tuple)
        clip = shown.clip((listed and self.video.listed) or self.video.frames)
        values, grid = self._cut(self._frames(clip, shown.source))
        if self.video.spoken_time:
            return Patches(values, grid, is_video=True, seconds=self._seconds(clip))
        return Patches(values, grid, is_video=True, time_step=self._time_step(clip))

    def tokens_across(self, pixels: int) -> int:
        """How many tokens a side of so many pixels becomes."""
        return pixels // (self.patch_size * self.merge_size)

    def resize(self, image: Image) -> UInt8[np.ndarray, "H W 3"]:
        """Bring a picture to the size the tower sees."""
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
        height, width = pixels.shape[:2]
        factor = self.patch_size * self.merge_size
        try:
            to_height, to_width = smart_resize(
                height, width, factor=factor, min_pixels=limits[0], max_pixels=limits[1]
            )
        except ValueError:
            raise ContentError(
                f"{source}: {width} x {height} is too long and thin; one side may be at "
                "most 200 times the other, crop it"
            ) from None
        return int(to_height), int(to_width)

    def _frames(self, clip: Clip, source: str) -> UInt8[np.ndarray, "F H W 3"]:
        most = self.video.frame_pixels(len(clip.frames), together=self.temporal_patch_size)
        limits = (self.video.min_pixels, most)
        size = self._size(clip.frames[0], limits, source=source)
        # The last frame fills what is missing from a whole number of patches in time.
        missing = -len(clip.frames) % self.temporal_patch_size
        frames = np.stack([*clip.frames, *[clip.frames[-1]] * missing])
        if size == frames.shape[1:3]:
            return frames
        # By torch, as the stock video processors do, which know no Pillow: it rounds differently.
        shown = torch.from_numpy(frames).permute(0, 3, 1, 2)
        resized = F.interpolate(shown, size, mode="bicubic", antialias=True, align_corners=False)
        return resized.permute(0, 2, 3, 1).numpy()

    def _seconds(self, clip: Clip) -> tuple[float, ...]:
        """When each patch in time is shown: halfway between its first and its last frame."""
        size = self.temporal_patch_size
        times = [*clip.seconds, *[clip.seconds[-1]] * (-len(clip.seconds) % size)]
        return tuple((times[at] + times[at + size - 1]) / 2 for at in range(0, len(times), size))

    def _time_step(self, clip: Clip) -> float:
        if self.video.tokens_per_second is None:
            return 1.0
        return self.video.tokens_per_second * self.temporal_patch_size / clip.sample_fps

    def _cut(
        self, pixels: UInt8[np.ndarray, "F H W 3"]
    ) -> tuple[Float[np.ndarray, "N C"], tuple[int, int, int]]:
        together, merge, patch = self.temporal_patch_size, self.merge_size, self.patch_size
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        normal = (pixels.astype(np.float32) / 255 - mean) / std
        if len(pixels) == 1:
            # A still picture is shown to the temporal convolution as the same frame twice.
            normal = np.broadcast_to(normal, (together, *normal.shape[1:]))
        frames = len(normal) // together
        rows, columns = (side // patch for side in normal.shape[1:3])
        blocks = normal.reshape(
            frames, together, rows // merge, merge, patch, columns // merge, merge, patch, 3
        ).transpose(0, 2, 5, 3, 6, 8, 1, 4, 7)
        count = frames * rows * columns
        return blocks.reshape(count, -1), (frames, rows, columns)

    def save(self, folder: Path) -> None:
        """Write what transformers' image processors read."""
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
    """Read a checkpoint's `preprocessor_config.json`, and what `config.json` says of time.

    Raises:
        ModelError: if one is missing or lacks a setting.
    """
    try:
        settings = _settings(folder)
        smallest, largest = _pixels(settings)
        image_processor = ImageProcessor(
            min_pixels=smallest,
            max_pixels=largest,
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
    return replace(
        image_processor,
        video=_video_settings(
            folder, (image_processor.patch_size * image_processor.merge_size) ** 2
        ),
    )


def _settings(folder: Path) -> dict[str, Any]:
    own = file_of(folder, "preprocessor_config.json")
    if own.is_file():
        return dict(json.loads(own.read_text()))
    # Newer processors save all of their parts in one file.
    whole = json.loads(file_of(folder, "processor_config.json").read_text())
    return dict(whole["image_processor"])


def _pixels(settings: dict[str, Any]) -> tuple[int, int]:
    """The limits, under the newer names or the older ones."""
    size = settings.get("size") or {}
    smallest = size.get("shortest_edge") or size.get("min_pixels") or settings.get("min_pixels")
    largest = size.get("longest_edge") or size.get("max_pixels") or settings.get("max_pixels")
    if not smallest or not largest:
        raise KeyError("size")
    return int(smallest), int(largest)


def _video_settings(folder: Path, area: int) -> VideoSettings:
    told = file_of(folder, "config.json")
    if not told.is_file():
        # A patchifier alone, saved without a network: pictures are all it was made for.
        return VideoSettings()
    try:
        # Not the file itself: what it leaves out has the architecture's default.
        config = AutoConfig.from_pretrained(told.parent, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"{told}: not readable ({error}); copy or train it again") from None
    spoken = config.model_type in SPOKEN_TIME
    vision = getattr(config, "vision_config", None)
    per_second = None if spoken else getattr(vision, "tokens_per_second", None)
    return VideoSettings(
        # As qwen-vl-utils has them for a token of so many pixels.
        min_pixels=128 * area,
        max_pixels=768 * area,
        total_pixels=int(128_000 * area * 0.9),
        tokens_per_second=None if per_second is None else float(per_second),
        spoken_time=spoken,
    )
