"""Bytes to pixels, frames and pages, and the rules of fetching.

Importing this package imports neither PyAV nor PDFium: see `extras`.
"""

from forethought.media.address import check_path, display_name, local_file
from forethought.media.extras import check_video, decode_video, render_pages
from forethought.media.frame_list import decode_frames, frame_items, list_frames, take_frame
from forethought.media.frames import Clip, FramePolicy
from forethought.media.image_decode import MAX_PIXELS, load_image
from forethought.media.image_source import ImageSource

__all__ = [
    "MAX_PIXELS",
    "Clip",
    "FramePolicy",
    "ImageSource",
    "check_path",
    "check_video",
    "decode_frames",
    "decode_video",
    "display_name",
    "frame_items",
    "list_frames",
    "load_image",
    "local_file",
    "render_pages",
    "take_frame",
]
