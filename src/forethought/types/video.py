"""A video, opened; frames are decoded when a clip is taken."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forethought.media import (
    Clip,
    FramePolicy,
    ImageSource,
    check_frames,
    check_video,
    decode_frames,
    decode_video,
    display_name,
    list_frames,
    local_file,
)
from forethought.types.image import Image

Frame = ImageSource | Image
"""One frame of a list: anything that an `Image` is made of."""


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Video:
    """A video file, or frames in order. Sound is ignored.

    Making one is cheap: a file is opened and closed again, nothing is decoded. Frames are
    upright, with transparent parts on white.

    Args:
        data: a path or the bytes of a video file (mp4, webm, mkv, gif and the like), a folder
            of .jpg, .jpeg or .png frames, which are taken in the order of the numbers in their
            names, or a list of frames. Files need the extra `media`, frames do not.
        source: the name of the video in messages; its path by default.

    Raises:
        ContentError: if it cannot be found or opened, or has no pictures.
    """

    data: Path | bytes | tuple[Frame, ...]
    source: str

    def __init__(self, data: str | Path | bytes | Sequence[Frame], *, source: str = "") -> None:
        name = source or display_name(data, "video")
        object.__setattr__(self, "data", _checked(data, name))
        object.__setattr__(self, "source", name)

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


def _checked(
    data: str | Path | bytes | Sequence[Frame], name: str
) -> Path | bytes | tuple[Frame, ...]:
    if not isinstance(data, str | Path | bytes):
        frames = tuple(data)
        check_frames(frames, name)
        return frames
    file = local_file(data, name, kind="video")
    if isinstance(file, Path) and file.is_dir():
        return list_frames(file, name)
    check_video(file, name)
    return file
