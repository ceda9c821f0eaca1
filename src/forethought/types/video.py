"""A video, opened: its frames are decoded when they are asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL.Image
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.address import is_data_url, is_web_url, said
from forethought.media.frames import NOMINAL_FPS, Clip, FramePolicy
from forethought.types.image import MAX_PIXELS_TOGETHER, Image

_FRAME_FILES = {".jpg", ".jpeg", ".png"}

Frame = str | Path | bytes | PIL.Image.Image | UInt8[np.ndarray, "_ _ 3"] | Image
"""One frame of a list: whatever can be an `Image`."""


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Video:
    """Moving pictures: a file, or frames in order.

    Making one is cheap: a file is opened and closed again, nothing is decoded. Sound is not
    heard. Frames come upright, transparent parts on white.

    Args:
        data: a path or the bytes of a video file (mp4, webm, mkv, gif and the like), a folder
            of .jpg, .jpeg or .png frames, which are taken in the order of the numbers in their
            names, or a list of frames. Files need the extra `media`, frames do not.
        source: what messages call it; the path by default.

    Raises:
        ContentError: if it cannot be found or opened, or has no pictures.
    """

    data: Path | bytes | tuple[Frame, ...]
    source: str

    def __init__(self, data: str | Path | bytes | Sequence[Frame], *, source: str = "") -> None:
        name = source or said(data, "video")
        if is_web_url(data) or is_data_url(data):
            raise ContentError(
                f"{name}: a URL, and videos are not fetched; download it, then show the file"
            )
        found: Path | bytes | tuple[Frame, ...]
        if isinstance(data, str | Path):
            found = _found(Path(data), name)
        else:
            found = data if isinstance(data, bytes) else tuple(data)
        if isinstance(found, tuple):
            _check_frames(found, name)
        else:
            _check_file(found, name)
        object.__setattr__(self, "data", found)
        object.__setattr__(self, "source", name)

    def clip(self, policy: FramePolicy) -> Clip:
        """Decode the frames that `policy` chooses.

        Where a file is damaged, the choice is among the frames that decode. A list of frames
        has the clock `NOMINAL_FPS`.

        Raises:
            ContentError: if no frame decodes, frames of a list differ in size, or one is over
                `MAX_PIXELS`, or all are over `MAX_PIXELS_TOGETHER`.
        """
        if isinstance(self.data, tuple):
            return _listed(self.data, self.source, policy)
        from forethought.media.video_decode import decode_video  # noqa: PLC0415 - PyAV is an extra

        return decode_video(self.data, self.source, policy)


def _found(path: Path, name: str) -> Path | tuple[Path, ...]:
    if path.is_file():
        return path
    if not path.is_dir():
        raise ContentError(f"{name}: no such file; check the path")
    frames = [
        file
        for file in path.iterdir()
        if file.suffix.lower() in _FRAME_FILES and not file.name.startswith(".")
    ]
    if not frames:
        raise ContentError(
            f"{name}: a folder without .jpg, .jpeg or .png frames; name a video file, or put "
            "its frames there"
        )
    return tuple(sorted(frames, key=_natural))


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Numbers by their value: frame9 before frame10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name)
    key = [(int(part), "") if part[0] in "0123456789" else (-1, part.lower()) for part in parts]
    return key, path.name


def _check_frames(frames: Sequence[Frame], name: str) -> None:
    if not frames:
        raise ContentError(f"{name}: a list without frames; a video needs at least one")
    for at, frame in enumerate(frames):
        if isinstance(frame, str | Path) and not Path(frame).is_file():
            raise ContentError(f"{name}, frame {at}: no such file ({frame}); check the path")


def _check_file(file: Path | bytes, name: str) -> None:
    size = len(file) if isinstance(file, bytes) else file.stat().st_size
    if not size:
        raise ContentError(f"{name}: empty (0 bytes); export it again")
    try:
        from forethought.media.video_decode import check_video  # noqa: PLC0415 - PyAV is an extra
    except ModuleNotFoundError as error:
        if error.name != "av":
            raise
        raise ContentError(
            f"{name}: reading a video needs PyAV: pip install 'forethought[media]', or show "
            "its frames as pictures"
        ) from None
    check_video(file, name)


def _listed(frames: Sequence[Frame], name: str, policy: FramePolicy) -> Clip:
    indices = policy.choose(len(frames), NOMINAL_FPS)
    pixels: list[UInt8[np.ndarray, "H W 3"]] = []
    for index in indices:
        pixels.append(_pixels(frames[index], f"{name}, frame {index}"))
        if pixels[-1].shape != pixels[0].shape:
            (first, wide), (height, width) = pixels[0].shape[:2], pixels[-1].shape[:2]
            raise ContentError(
                f"{name}, frame {index}: {width} x {height}, and frame {indices[0]} is {wide} x "
                f"{first}; frames of one video have one size: scale them alike"
            )
        if len(indices) * pixels[0].size > 3 * MAX_PIXELS_TOGETHER:
            raise ContentError(
                f"{name}: {len(indices)} frames like the first are over "
                f"{MAX_PIXELS_TOGETHER // 1_000_000} megapixels; choose fewer, or shrink them"
            )
    return Clip(
        frames=tuple(pixels),
        seconds=tuple(i / NOMINAL_FPS for i in indices),
        indices=indices,
        sample_fps=len(indices) / len(frames) * NOMINAL_FPS,
        video_fps=NOMINAL_FPS,
    )


def _pixels(frame: Frame, name: str) -> UInt8[np.ndarray, "H W 3"]:
    return frame.pixels if isinstance(frame, Image) else Image(frame, source=name).pixels
