"""A file as content, by what its name says it is."""

from pathlib import Path

from forethought.types.content import Content
from forethought.types.image import Image
from forethought.types.pages import pages
from forethought.types.video import Video

VIDEOS = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
"""The names of video files. An animated .gif is a picture by name, its first frame; show
`Video("moving.gif")` to see it move."""


def open_file(path: Path) -> tuple[Content, ...]:
    """A video, the pages of a PDF, a folder of frames, or else a picture.

    Raises:
        ContentError: if it cannot be read as such.
    """
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        return pages(path)
    if suffix in VIDEOS or path.is_dir():
        return (Video(path),)
    return (Image(path),)
