"""How inputs are read: the caller's settings over the family's over the checkpoint's."""

from dataclasses import dataclass, replace

from forethought.backbones import ImageProcessor, VideoSettings
from forethought.encoders.families import Family
from forethought.engines import DecodeOptions, EarlyExit
from forethought.errors import ModelError
from forethought.types import FramePolicy


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """What a caller may set; None keeps the family's published default.

    `min_pixels` and `max_pixels` bound a picture, `frame_min_pixels`, `frame_max_pixels` and
    `total_pixels` a video's frames and their sum. `frames` chooses them. `budget` is the most
    tokens of a rationale, `repeats` the rounds after which one that repeats itself is closed (0
    lets it go on); for `speculative_tokens` and `early_exit` see `DecodeOptions`. `threshold` is the probability from
    which on a gate thinks. Without `blank` UME-R1 shows no white picture beside words alone.

    Raises:
        ModelError: if a setting is out of its range.
    """

    min_pixels: int | None = None
    max_pixels: int | None = None
    frames: FramePolicy | None = None
    frame_min_pixels: int | None = None
    frame_max_pixels: int | None = None
    total_pixels: int | None = None
    budget: int | None = None
    repeats: int = 8
    speculative_tokens: int = 0
    early_exit: EarlyExit | None = None
    threshold: float | None = None
    blank: bool = True

    def __post_init__(self) -> None:
        for name in ("min_pixels", "max_pixels", "frame_min_pixels", "frame_max_pixels"):
            self._positive(name)
        self._positive("total_pixels")
        self._positive("budget")
        for name in ("repeats", "speculative_tokens"):
            if getattr(self, name) < 0:
                raise ModelError(f"{name} must be at least 0, got {getattr(self, name)}")
        # How they go together is a manner's to say.
        write(1, self)
        if self.threshold is not None and not 0 <= self.threshold <= 2:
            raise ModelError(
                f"threshold must be in [0, 2] (0 always thinks, over 1 never), got {self.threshold}"
            )
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise ModelError(
                f"min_pixels {self.min_pixels} is over max_pixels {self.max_pixels}: swap them"
            )

    def _positive(self, name: str) -> None:
        value: int | None = getattr(self, name)
        if value is not None and value < 1:
            raise ModelError(f"{name} must be at least 1, got {value}")


def write(budget: int, reading: EncodeOptions) -> DecodeOptions:
    """How a family's rationales are written, greedily, as the caller would have it."""
    return DecodeOptions(
        # One that never writes has no budget, and is never asked to.
        max(1, reading.budget or budget),
        repeats=reading.repeats,
        speculative_tokens=reading.speculative_tokens,
        early_exit=reading.early_exit,
    )


def look(image_processor: ImageProcessor, family: Family, reading: EncodeOptions) -> ImageProcessor:
    """A checkpoint's eyes with the family's published limits and the caller's own."""
    smallest, largest = family.pixels or (image_processor.min_pixels, image_processor.max_pixels)
    return replace(
        image_processor,
        min_pixels=reading.min_pixels or min(smallest, reading.max_pixels or smallest),
        max_pixels=reading.max_pixels or max(largest, reading.min_pixels or largest),
        video=_watch(
            image_processor.video, family.video or _frames(image_processor, family), reading
        ),
    )


def _frames(image_processor: ImageProcessor, family: Family) -> VideoSettings:
    if not family.frames_as_images:
        return image_processor.video
    return replace(
        image_processor.video,
        frames=FramePolicy(count=8),
        min_pixels=image_processor.min_pixels,
        max_pixels=image_processor.max_pixels,
    )


def _watch(own: VideoSettings, published: VideoSettings, reading: EncodeOptions) -> VideoSettings:
    smallest = reading.frame_min_pixels or published.min_pixels
    return replace(
        # How time is told is the architecture's business, never the family's.
        own,
        frames=reading.frames or published.frames,
        frame_list=None if reading.frames else published.frame_list,
        min_pixels=min(smallest, reading.frame_max_pixels or smallest),
        max_pixels=reading.frame_max_pixels or max(published.max_pixels, smallest),
        total_pixels=reading.total_pixels or published.total_pixels,
    )
