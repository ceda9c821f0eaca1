"""A video, opened; frames are decoded when a clip is taken."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forethought.errors import ContentError
from forethought.media import (
    Clip,
    FramePolicy,
    ImageSource,
    check_video,
    decode_frames,
    decode_video,
    display_name,
    frame_items,
    list_frames,
    local_file,
    take_frame,
)
from forethought.types.image import Image

Frame = ImageSource | Image
"""One frame of a list: anything that an `Image` is made of."""

if TYPE_CHECKING:
    VideoSource = str | Path | bytes | bytearray | memoryview | Iterable[Frame]
else:
    VideoSource = object  # anything else is refused by name


@dataclass(frozen=True, slots=True, eq=False, init=False, repr=False)
class Video:
    """A video file, or frames in order. Sound is ignored.

    Making one is cheap: a file is opened and closed again, nothing is decoded. Frames are
    upright, with transparent parts on white.

    Args:
        data: a path or the bytes of a video file (mp4, webm, mkv, gif and the like), a folder
            of .jpg, .jpeg or .png frames, which are taken in the order of the numbers in their
            names, or frames in order: a list, or an array of frames x height x width x 3. Frames
            are copied. Files need the extra `media`, frames do not.
        source: the name of the video in messages; its path by default.

    Raises:
        ContentError: if it cannot be found or opened, or has no pictures, or is of
            another type.
    """

    data: Path | bytes | tuple[Frame, ...]
    source: str

    def __init__(self, data: VideoSource, *, source: str = "") -> None:
        name = source or display_name(data, "video")
        object.__setattr__(self, "data", _checked(data, name))
        object.__setattr__(self, "source", name)

    def __repr__(self) -> str:
        kind = f"{len(self.data)} frames" if isinstance(self.data, tuple) else "a file"
        return f"<Video {self.source!r}, {kind}>"

    def clip(self, policy: FramePolicy) -> Clip:
        """Decode the frames that `policy` chooses.

        Of a damaged file, the choice is among the frames that decode. A list of frames counts
        as 2 frames a second.

        Raises:
            ContentError: if no frame decodes, frames of a list differ in size, or one has over 64
                megapixels or all together over 1600.
        """
        if isinstance(self.data, tuple):
            frames = [frame.pixels if isinstance(frame, Image) else frame for frame in self.data]
            return decode_frames(frames, self.source, policy)
        return decode_video(self.data, self.source, policy)


def _checked(data: object, name: str) -> Path | bytes | tuple[Frame, ...]:
    if not isinstance(data, str | os.PathLike | bytes | bytearray | memoryview):
        if isinstance(data, Image):
            raise ContentError(f"{name}: an Image is one picture; pass [image], a list of frames")
        frames = frame_items(data, name)
        return tuple(
            frame if isinstance(frame, Image) else take_frame(frame, f"{name}, frame {index}")
            for index, frame in enumerate(frames)
        )
    file = local_file(data, name, kind="video")
    if isinstance(file, Path) and file.is_dir():
        return list_frames(file, name)
    check_video(file, name)
    return file
