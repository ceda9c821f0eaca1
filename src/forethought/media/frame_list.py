"""Videos given as frames: a folder or a list of pictures."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.frames import NOMINAL_FPS, Clip, FramePolicy
from forethought.media.image_decode import MAX_TOTAL_PIXELS, ImageSource, decode_image

_FRAME_FILES = {".jpg", ".jpeg", ".png"}


def list_frames(folder: Path, name: str) -> tuple[Path, ...]:
    """The .jpg, .jpeg and .png files of a folder, in the order of the numbers in their names.

    Raises:
        ContentError: if there are none.
    """
    frames = [
        file
        for file in folder.iterdir()
        if file.suffix.lower() in _FRAME_FILES and not file.name.startswith(".")
    ]
    if not frames:
        raise ContentError(
            f"{name}: a folder without .jpg, .jpeg or .png frames; name a video file, or put "
            "its frames there"
        )
    return tuple(sorted(frames, key=_natural_order))


def check_frames(frames: Sequence[object], name: str) -> None:
    """Check a list of frames without decoding them.

    Raises:
        ContentError: if it is empty, or the file of a frame does not exist.
    """
    if not frames:
        raise ContentError(f"{name}: a list without frames; a video needs at least one")
    for index, frame in enumerate(frames):
        if isinstance(frame, str | Path) and not Path(frame).is_file():
            raise ContentError(f"{name}, frame {index}: no such file ({frame}); check the path")


def decode_frames(frames: Sequence[ImageSource], name: str, policy: FramePolicy) -> Clip:
    """Decode the frames that `policy` chooses, at `NOMINAL_FPS` frames a second.

    Raises:
        ContentError: if a frame cannot be decoded, frames differ in size, or all together have
            over `MAX_TOTAL_PIXELS`.
    """
    indices = policy.choose(len(frames), NOMINAL_FPS)
    decoded: list[UInt8[np.ndarray, "H W 3"]] = []
    for index in indices:
        decoded.append(decode_image(frames[index], f"{name}, frame {index}"))
        if decoded[-1].shape != decoded[0].shape:
            (height, width), (first_height, first_width) = (
                pixels.shape[:2] for pixels in (decoded[-1], decoded[0])
            )
            raise ContentError(
                f"{name}, frame {index}: {width} x {height}, and frame {indices[0]} is "
                f"{first_width} x {first_height}; frames of one video have one size: scale them "
                "alike"
            )
        if len(indices) * decoded[0].size > 3 * MAX_TOTAL_PIXELS:
            raise ContentError(
                f"{name}: {len(indices)} frames like the first are over "
                f"{MAX_TOTAL_PIXELS // 1_000_000} megapixels; choose fewer, or shrink them"
            )
    return Clip(
        frames=tuple(decoded),
        seconds=tuple(index / NOMINAL_FPS for index in indices),
        indices=indices,
        sample_fps=len(indices) / len(frames) * NOMINAL_FPS,
        video_fps=NOMINAL_FPS,
    )


def _natural_order(path: Path) -> tuple[list[tuple[int, str]], str]:
    """A sort key that orders numbers by value: frame9 before frame10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", path.name)
    key = [(int(part), "") if part[0] in "0123456789" else (-1, part.lower()) for part in parts]
    return key, path.name
