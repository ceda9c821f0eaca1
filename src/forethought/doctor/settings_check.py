"""What will be done with pictures, videos, memory and time, in plain words."""

import importlib.metadata
import platform
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import forethought
from forethought.backbones import TEXT_TIMESTAMPS, ImageProcessor, QwenVL, VideoSettings
from forethought.doctor.finding import Finding, fail, ok, warn
from forethought.encoders import Family, ReasoningEncoder

VERSIONS = {
    "torch": ((2, 11), None),
    "transformers": ((5, 17), (6,)),
    "tokenizers": ((0, 22), None),
}
"""The releases that this was made for: from, and up to but without."""
SPARE = 256
"""Tokens left for instruction and words, beside a picture and a rationale."""


def check_versions() -> Finding:
    """Whether the packages underneath are of releases that this was tried with."""
    held = {name: importlib.metadata.version(name) for name in VERSIONS}
    said = ", ".join(f"{name} {version}" for name, version in held.items())
    told = f"forethought {forethought.__version__}, python {platform.python_version()}, {said}"
    odd = [name for name, version in held.items() if not _within(version, name)]
    if odd:
        return warn(
            "versions",
            f"{told}; {', '.join(odd)} outside what this was made for",
            "pip install -U forethought, which brings the releases it asks for",
        )
    return ok("versions", told)


def check_pixels(
    own: ImageProcessor,
    used: ImageProcessor,
    *,
    family: Family,
    config: Any,  # noqa: ANN401 - transformers types it loosely
) -> Finding:
    """Which size pictures are brought to, and whether the checkpoint's files say the same."""
    vision = config.vision_config
    cut = {
        "patch_size": (own.patch_size, vision.patch_size),
        "merge_size": (own.merge_size, vision.spatial_merge_size),
        "temporal_patch_size": (own.temporal_patch_size, vision.temporal_patch_size),
    }
    wrong = [
        f"{name} {mine} (config.json: {its})" for name, (mine, its) in cut.items() if mine != its
    ]
    if wrong:
        return fail(
            "pixels",
            f"preprocessor_config.json has {', '.join(wrong)}",
            "take preprocessor_config.json from the revision that the weights are of",
        )
    side = used.patch_size * used.merge_size
    told = (
        f"a picture is brought to {used.min_pixels:,} to {used.max_pixels:,} pixels, sides by "
        f"{side}: at most {largest_picture(used):,} tokens"
    )
    limits = (own.min_pixels, own.max_pixels)
    if family.pixels and family.pixels != limits:
        return warn(
            "pixels",
            f"{told}, as {family.title} published; its preprocessor_config.json says "
            f"{limits[0]:,} to {limits[1]:,}",
            f"nothing, to repeat what was published; or load with "
            f"Reading(min_pixels={limits[0]}, max_pixels={limits[1]})",
        )
    return ok("pixels", told)


def check_frames(used: ImageProcessor, *, config: Any) -> Finding:  # noqa: ANN401
    """Which frames of a video are shown, how large, and whether the network's clock is kept."""
    video = used.video
    spoken = config.model_type in TEXT_TIMESTAMPS
    steps = None if spoken else getattr(config.vision_config, "tokens_per_second", None)
    needed = None if steps is None else float(steps)
    if (video.text_timestamps, video.tokens_per_second) != (spoken, needed):
        network = replace(video, text_timestamps=spoken, tokens_per_second=needed)
        return fail(
            "frames",
            f"time is {_clock(video)}, and the network was trained on time {_clock(network)}",
            "put the network's own config.json (an adapter's base has it) into the folder",
        )
    return ok(
        "frames",
        f"a video shows {_chosen(video)}, each of {video.min_pixels:,} to {video.max_pixels:,} "
        f"pixels, together at most {video.total_pixels:,}; time is {_clock(video)}",
    )


def check_attention(backbone: QwenVL, *, device: str) -> Finding:
    """Which attention runs, in the language model and in the vision tower."""
    config = backbone.network.config
    parts = {"text": config.text_config, "vision": config.vision_config}
    used = {name: str(part._attn_implementation) for name, part in parts.items()}  # noqa: SLF001 - transformers keeps it there
    said = ", ".join(f"{name} {how}" for name, how in used.items())
    flash = "present" if find_spec("flash_attn") else "not installed"
    told = f"{said}; flash-attention {flash}"
    if "eager" in used.values() and device != "cpu":
        return warn(
            "attention",
            f"{told}: eager is the slowest, and takes memory by the square of the length",
            'load with Loading(attention="sdpa")',
        )
    return ok("attention", told)


def check_context(encoder: ReasoningEncoder, used: ImageProcessor) -> Finding:
    """Whether the largest picture and the longest rationale go into the context together."""
    context = encoder.engine.backbone.context_length
    picture = largest_picture(used)
    need = picture + encoder.decode_options.budget + SPARE
    told = (
        f"{context:,} tokens; the largest picture takes {picture:,}, a rationale at most "
        f"{encoder.decode_options.budget:,}"
    )
    if need > context:
        return warn(
            "context",
            f"{told}: together with {SPARE} for words {need:,}",
            "load with a smaller Reading(max_pixels=..., budget=...)",
        )
    return ok("context", told)


def largest_picture(used: ImageProcessor) -> int:
    """The most tokens one picture becomes."""
    return used.max_pixels // (used.patch_size * used.merge_size) ** 2


def _chosen(video: VideoSettings) -> str:
    frames = video.frames
    if frames.count is not None:
        return f"{frames.count} frames, spread evenly"
    return f"{frames.fps:g} frames a second, {frames.min_frames} to {frames.max_frames}"


def _clock(video: VideoSettings) -> str:
    if video.text_timestamps:
        return "told in words, before each pair of frames"
    if video.tokens_per_second is not None:
        return f"told by position, {video.tokens_per_second:g} steps a second"
    return "told by position, one step each pair of frames"


def _within(version: str, name: str) -> bool:
    lowest, above = VERSIONS[name]
    parts = tuple(int(part) for part in version.partition("+")[0].split(".")[:2] if part.isdigit())
    return parts >= lowest and (above is None or parts < above)
