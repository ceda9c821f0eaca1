"""Check package versions, and the settings for pictures, videos, attention and context."""

import importlib.metadata
import platform
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import forethought
from forethought.backbones import (
    OWN_ARCHITECTURE,
    TEXT_TIMESTAMPS,
    ImageProcessor,
    QwenVL,
    VideoSettings,
)
from forethought.doctor.finding import Finding, fail, ok, warn
from forethought.encoders import CARD, Family, ReasoningEncoder

VERSIONS = {
    "torch": ((2, 11), None),
    "transformers": ((5, 17), (6,)),
    "tokenizers": ((0, 22), None),
}
"""Supported releases: lowest, and the first that is too new."""
TEXT_TOKENS = 256
"""Tokens reserved for instruction and text, beside a picture and a rationale."""


def check_versions() -> Finding:
    """Whether the installed packages are of supported releases."""
    installed = {name: importlib.metadata.version(name) for name in VERSIONS}
    listed = ", ".join(f"{name} {version}" for name, version in installed.items())
    message = f"forethought {forethought.__version__}, python {platform.python_version()}, {listed}"
    unsupported = [name for name, version in installed.items() if not _supports(name, version)]
    if unsupported:
        return warn(
            "versions",
            f"{message}; {', '.join(unsupported)} outside the supported releases",
            "pip install -U forethought, which installs supported releases",
        )
    return ok("versions", message)


def check_pixels(
    stored: ImageProcessor,
    used: ImageProcessor,
    *,
    family: Family,
    config: Any,  # noqa: ANN401 - transformers types it loosely
) -> Finding:
    """To which size pictures are resized, and whether the files of the checkpoint agree.

    Args:
        stored: the settings in preprocessor_config.json.
        used: the settings with which `load` embeds.
    """
    vision = config.vision_config
    sizes = {
        "patch_size": (stored.patch_size, vision.patch_size),
        "merge_size": (stored.merge_size, vision.spatial_merge_size),
        "temporal_patch_size": (stored.temporal_patch_size, vision.temporal_patch_size),
    }
    wrong = [
        f"{name} {size} (config.json: {expected})"
        for name, (size, expected) in sizes.items()
        if size != expected
    ]
    if wrong:
        return fail(
            "pixels",
            f"preprocessor_config.json has {', '.join(wrong)}",
            "take preprocessor_config.json from the revision of the weights",
        )
    side = used.patch_size * used.merge_size
    message = (
        f"pictures are resized to {used.min_pixels:,} to {used.max_pixels:,} pixels, sides a "
        f"multiple of {side}: at most {max_picture_tokens(used):,} tokens"
    )
    limits = (stored.min_pixels, stored.max_pixels)
    if (used.min_pixels, used.max_pixels) not in {limits, family.pixels}:
        return ok("pixels", f"{message}, as its {CARD} sets")
    if family.pixels and family.pixels != limits:
        return warn(
            "pixels",
            f"{message}, as {family.title} published; its preprocessor_config.json has "
            f"{limits[0]:,} to {limits[1]:,}",
            "keep this to reproduce published results, or load with "
            f"EncodeOptions(min_pixels={limits[0]}, max_pixels={limits[1]})",
        )
    return ok("pixels", message)


def check_frames(used: ImageProcessor, *, config: Any) -> Finding:  # noqa: ANN401
    """Which frames of a video are encoded, at what size, and with which encoding of time."""
    video = used.video
    as_text = config.model_type in TEXT_TIMESTAMPS
    steps = None if as_text else getattr(config.vision_config, "tokens_per_second", None)
    tokens_per_second = None if steps is None else float(steps)
    if (video.text_timestamps, video.tokens_per_second) != (as_text, tokens_per_second):
        trained = replace(video, text_timestamps=as_text, tokens_per_second=tokens_per_second)
        return fail(
            "frames",
            f"time is encoded {_time_encoding(video)}; the network was trained with time "
            f"{_time_encoding(trained)}",
            "put the config.json of the network (for an adapter, of its base) into the folder",
        )
    return ok(
        "frames",
        f"a video becomes {_frame_policy(video)}, each of {video.min_pixels:,} to "
        f"{video.max_pixels:,} pixels, together at most {video.total_pixels:,}; time is encoded "
        f"{_time_encoding(video)}",
    )


def check_attention(backbone: QwenVL, *, device: str) -> Finding:
    """Which attention implementation runs in the language model and in the vision encoder."""
    config = backbone.network.config
    parts = {"text": config.text_config}
    if config.model_type != OWN_ARCHITECTURE:
        parts["vision"] = config.vision_config
    used = {name: str(part._attn_implementation) for name, part in parts.items()}  # noqa: SLF001 - transformers keeps it there
    listed = ", ".join(f"{name} {attention}" for name, attention in used.items())
    flash = "installed" if find_spec("flash_attn") else "not installed"
    message = f"{listed}; flash-attention {flash}"
    if "eager" in used.values() and device != "cpu":
        return warn(
            "attention",
            f"{message}: eager is the slowest, and its memory grows with the square of the length",
            'load with LoadOptions(attention="sdpa")',
        )
    return ok("attention", message)


def check_context(encoder: ReasoningEncoder, used: ImageProcessor | None) -> Finding:
    """Whether the largest picture, if any is `used`, and the longest rationale fit the context."""
    context = encoder.engine.backbone.context_length
    picture = max_picture_tokens(used) if used else 0
    budget = encoder.decode_options.budget
    needed = picture + budget + TEXT_TOKENS
    message = (
        f"{context:,} tokens; the largest picture takes {picture:,}, a rationale at most {budget:,}"
    )
    if needed > context:
        return warn(
            "context",
            f"{message}: {needed:,} with {TEXT_TOKENS} for text",
            "load with a smaller EncodeOptions(max_pixels=..., budget=...)",
        )
    return ok("context", message)


def max_picture_tokens(used: ImageProcessor) -> int:
    """Tokens of the largest picture."""
    return used.max_pixels // (used.patch_size * used.merge_size) ** 2


def _frame_policy(video: VideoSettings) -> str:
    frames = video.frames
    if frames.count is not None:
        return f"{frames.count} frames, evenly spaced"
    return f"{frames.fps:g} frames per second, {frames.min_frames} to {frames.max_frames}"


def _time_encoding(video: VideoSettings) -> str:
    if video.text_timestamps:
        return "as text before each pair of frames"
    if video.tokens_per_second is not None:
        return f"by position, {video.tokens_per_second:g} steps per second"
    return "by position, one step per pair of frames"


def _supports(name: str, version: str) -> bool:
    lowest, too_new = VERSIONS[name]
    parts = tuple(int(part) for part in version.partition("+")[0].split(".")[:2] if part.isdigit())
    return parts >= lowest and (too_new is None or parts < too_new)
