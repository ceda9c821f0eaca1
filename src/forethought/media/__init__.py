"""Bytes to pixels, frames and pages, and the rules of fetching.

Importing this package imports neither PyAV nor PDFium: see `extras`.
"""

from forethought.media.address import display_name, local_file
from forethought.media.extras import check_video, decode_video, render_pages
from forethought.media.frame_list import check_frames, decode_frames, list_frames
from forethought.media.frames import Clip, FramePolicy
from forethought.media.image_decode import MAX_PIXELS, ImageSource, load_image

__all__ = [
    "MAX_PIXELS",
    "Clip",
    "FramePolicy",
    "ImageSource",
    "check_frames",
    "check_video",
    "decode_frames",
    "decode_video",
    "display_name",
    "list_frames",
    "load_image",
    "local_file",
    "render_pages",
]
