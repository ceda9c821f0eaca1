"""How inputs are encoded: the caller's settings over the family's over the checkpoint's."""

from dataclasses import dataclass, fields, replace

from forethought.backbones import ImageProcessor, VideoSettings
from forethought.encoders.families import Family
from forethought.engines import DecodeOptions, EarlyExit
from forethought.errors import ModelError
from forethought.types import FramePolicy

_REPEATS = 8


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """What a caller may set; None keeps what the model was saved with, or its family published.

    Args:
        min_pixels, max_pixels: bounds of an image.
        frames: which frames of a video are taken.
        frame_min_pixels, frame_max_pixels: bounds of one frame.
        total_pixels: bound of all frames of a video together.
        budget: most tokens of a rationale.
        repeats: rounds after which a rationale that repeats itself is ended, by default 8; 0 never
            ends it.
        speculative_tokens, early_exit: see `DecodeOptions`.
        threshold: gate probability from which on a rationale is written.
        blank: whether UME-R1 puts a white image before inputs of text alone, which is its default.

    Raises:
        ModelError: if a setting is out of its range.
        ConfigError: if `speculative_tokens` and `early_exit` are combined.
    """

    min_pixels: int | None = None
    max_pixels: int | None = None
    frames: FramePolicy | None = None
    frame_min_pixels: int | None = None
    frame_max_pixels: int | None = None
    total_pixels: int | None = None
    budget: int | None = None
    repeats: int | None = None
    speculative_tokens: int | None = None
    early_exit: EarlyExit | None = None
    threshold: float | None = None
    blank: bool | None = None

    def __post_init__(self) -> None:
        for name in ("min_pixels", "max_pixels", "frame_min_pixels", "frame_max_pixels"):
            self._check_whole(name, least=1)
        self._check_whole("total_pixels", least=1)
        self._check_whole("budget", least=1)
        self._check_whole("repeats", least=0)
        self._check_whole("speculative_tokens", least=0)
        if self.frames is not None and not isinstance(self.frames, FramePolicy):
            raise ModelError(f"frames={self.frames!r}: pass a forethought.FramePolicy(...)")
        # `DecodeOptions` checks which of them exclude each other.
        decode_options_for(1, self)
        is_number = isinstance(self.threshold, int | float)
        if self.threshold is not None and not (is_number and 0 <= self.threshold <= 2):
            raise ModelError(
                "threshold must be in [0, 2] (0 always thinks, over 1 never), "
                f"got {self.threshold!r}"
            )
        if self.min_pixels and self.max_pixels and self.min_pixels > self.max_pixels:
            raise ModelError(
                f"min_pixels {self.min_pixels} is over max_pixels {self.max_pixels}: swap them"
            )

    def over(self, saved: "EncodeOptions") -> "EncodeOptions":
        """These options, and those of `saved` where these are None.

        Raises:
            ModelError: if the two do not go together.
        """
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(saved, **{name: value for name, value in given.items() if value is not None})

    def _check_whole(self, name: str, *, least: int) -> None:
        value: object = getattr(self, name)
        if value is not None and (type(value) is not int or value < least):
            raise ModelError(f"{name} must be a whole number of at least {least}, got {value!r}")


def decode_options_for(budget: int, options: EncodeOptions) -> DecodeOptions:
    """Greedy decoding with the family's budget, unless the caller set one."""
    return DecodeOptions(
        # A family that writes nothing has a budget of 0, which `DecodeOptions` refuses.
        max(1, options.budget or budget),
        repeats=_REPEATS if options.repeats is None else options.repeats,
        speculative_tokens=options.speculative_tokens or 0,
        early_exit=options.early_exit,
    )


def image_processor_for(
    checkpoint: ImageProcessor, family: Family, options: EncodeOptions
) -> ImageProcessor:
    """The checkpoint's image processor with the family's published limits and the caller's."""
    smallest, largest = family.pixels or (checkpoint.min_pixels, checkpoint.max_pixels)
    published = family.video or _default_video(checkpoint, family)
    return replace(
        checkpoint,
        min_pixels=options.min_pixels or min(smallest, options.max_pixels or smallest),
        max_pixels=options.max_pixels or max(largest, options.min_pixels or largest),
        video=_video_settings(checkpoint.video, published, options),
    )


def _default_video(checkpoint: ImageProcessor, family: Family) -> VideoSettings:
    """Video settings of a family that published none."""
    if not family.frames_as_images:
        return checkpoint.video
    return replace(
        checkpoint.video,
        frames=FramePolicy(count=8),
        min_pixels=checkpoint.min_pixels,
        max_pixels=checkpoint.max_pixels,
    )


def _video_settings(
    checkpoint: VideoSettings, published: VideoSettings, options: EncodeOptions
) -> VideoSettings:
    smallest = options.frame_min_pixels or published.min_pixels
    return replace(
        # How a frame's time is encoded belongs to the architecture, not to the family.
        checkpoint,
        frames=options.frames or published.frames,
        frame_list=None if options.frames else published.frame_list,
        min_pixels=min(smallest, options.frame_max_pixels or smallest),
        max_pixels=options.frame_max_pixels or max(published.max_pixels, smallest),
        total_pixels=options.total_pixels or published.total_pixels,
    )
