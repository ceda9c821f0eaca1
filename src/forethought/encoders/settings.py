"""What an encoder computes with, as "name=value" texts that provenances compare."""

from dataclasses import asdict

from forethought.backbones import ImageProcessor, VideoSettings
from forethought.engines import DecodeOptions
from forethought.types import FramePolicy


def vector_settings(
    image_processor: ImageProcessor | None, *, dtype: str, quantize: str | None, blank: bool
) -> tuple[str, ...]:
    """What changes every vector of a checkpoint, sorted; `image_processor` None is for text alone.

    Patch size and normalisation are left out: they are in the checkpoint's revision. So are
    devices and kernels, which change the rounding alone.
    """
    settings = {
        **(_picture_settings(image_processor) if image_processor else {}),
        "dtype": dtype,
        **({"quantize": quantize} if quantize else {}),
        **({} if blank else {"blank": "no"}),
    }
    return tuple(sorted(f"{name}={value}" for name, value in settings.items()))


def decode_settings(options: DecodeOptions, *, cache: str | None) -> tuple[str, ...]:
    """What changes a rationale, sorted; speculative tokens do not.

    `cache` is the dtype of keys and values, see `Limits`; None is the network's.
    """
    settings: dict[str, object] = {
        **asdict(options.sampling),
        "budget": options.budget,
        "repeats": options.repeats,
    }
    if cache:
        settings["cache"] = cache
    if options.early_exit:
        settings["early_exit"] = f"{options.early_exit.every},{options.early_exit.within:g}"
    return tuple(sorted(f"{name}={value}" for name, value in settings.items()))


def _picture_settings(image_processor: ImageProcessor) -> dict[str, str]:
    return {
        "pixels": f"{image_processor.min_pixels}..{image_processor.max_pixels}",
        **_video_settings(image_processor.video),
    }


def _video_settings(video: VideoSettings) -> dict[str, str]:
    listed = {"listed_frames": _frames(video.frame_list)} if video.frame_list else {}
    return {
        "frames": _frames(video.frames),
        **listed,
        "frame_pixels": f"{video.min_pixels}..{video.max_pixels}",
        "total_pixels": str(video.total_pixels),
    }


def _frames(policy: FramePolicy) -> str:
    if policy.count is not None:
        return str(policy.count)
    return f"{policy.fps:g}/s,{policy.min_frames}..{policy.max_frames}"
