"""Videos given as frames: a folder or a list of pictures."""

import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import cast

import numpy as np
import PIL.Image
import PIL.ImageFile
from jaxtyping import UInt8

from forethought.errors import ContentError
from forethought.media.address import check_path, display_name, is_data_url, is_web_url
from forethought.media.frames import NOMINAL_FPS, Clip, FramePolicy
from forethought.media.image_decode import MAX_TOTAL_PIXELS, load_image
from forethought.media.image_source import ImageSource, check_source

_FRAME_FILES = {".jpg", ".jpeg", ".png"}


def list_frames(folder: Path, name: str) -> tuple[Path, ...]:
    """The .jpg, .jpeg and .png files of a folder, in the order of the numbers in their names.

    Raises:
        ContentError: if there are none, or the folder cannot be read.
    """
    try:
        files = list(folder.iterdir())
    except OSError as error:
        raise ContentError(
            f"{name}: the folder cannot be read ({error.strerror}); check its permissions"
        ) from None
    frames = [
        file
        for file in files
        if file.suffix.lower() in _FRAME_FILES and not file.name.startswith(".")
    ]
    if not frames:
        raise ContentError(
            f"{name}: a folder without .jpg, .jpeg or .png frames; name a video file, or put "
            "its frames there"
        )
    return tuple(sorted(frames, key=_natural_order))


def frame_items(data: object, name: str) -> tuple[object, ...]:
    """The frames of a list, an iterator or an array, in order.

    Raises:
        ContentError: if `data` is none of these, has no order, or is empty.
    """
    if isinstance(data, np.ndarray) and data.ndim != 4:
        raise ContentError(
            f"{name}: an array of {data.ndim} axes ({data.shape}); frames are an array of frames x "
            "height x width x 3, and a single picture is ft.Image(array)"
        )
    # Read by their keys, these are lists of something else.
    if isinstance(data, Mapping | AbstractSet) or not hasattr(data, "__iter__"):
        raise ContentError(
            f"{name}: a {type(data).__name__} is no video; pass a path, the bytes of a file, or a "
            "list of frames in order"
        )
    frames = tuple(cast("Iterable[object]", data))
    if not frames:
        raise ContentError(f"{name}: a list without frames; a video needs at least one")
    return frames


def take_frame(frame: object, name: str) -> ImageSource:
    """Check a frame without decoding it, and copy what its maker may still change.

    Raises:
        ContentError: if it is no picture, its file does not exist, or it is a URL.
    """
    checked = check_source(frame, name)
    if isinstance(checked, np.ndarray):
        return np.array(checked)
    if isinstance(checked, PIL.Image.Image):
        is_on_disk = isinstance(checked, PIL.ImageFile.ImageFile) and bool(checked.tile)
        return checked if is_on_disk else checked.copy()
    if is_web_url(checked):
        raise ContentError(f"{name}: a URL, and frames are not fetched; download it")
    if isinstance(checked, str | Path) and not is_data_url(checked):
        check_path(checked, f"{name} ({display_name(checked, 'file')})")
    return checked


def decode_frames(frames: Sequence[ImageSource], name: str, policy: FramePolicy) -> Clip:
    """Decode the frames that `policy` chooses, at `NOMINAL_FPS` frames a second.

    Raises:
        ContentError: if a frame cannot be decoded, frames differ in size, or all together have
            over `MAX_TOTAL_PIXELS`.
    """
    indices = policy.choose(len(frames), NOMINAL_FPS)
    decoded: list[UInt8[np.ndarray, "H W 3"]] = []
    for index in indices:
        decoded.append(load_image(frames[index], f"{name}, frame {index}"))
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
