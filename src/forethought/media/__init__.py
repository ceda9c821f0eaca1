"""Bytes to pixels, frames and pages, and the rules of fetching.

Importing this package imports neither PyAV nor PDFium: see `extras`.
"""

from forethought.media.address import (
    check_path,
    display_name,
    is_data_url,
    local_file,
    read_data_url,
)
from forethought.media.extras import check_video, decode_video, render_pages
from forethought.media.frame_list import decode_frames, frame_items, list_frames, take_frame
from forethought.media.frames import Clip, FramePolicy
from forethought.media.image_decode import MAX_PIXELS, load_image, picture_decoder
from forethought.media.image_source import ImageSource
from forethought.media.page_ranges import check_pages
from forethought.media.picture_formats import PictureSupport, picture_support

__all__ = [
    "MAX_PIXELS",
    "Clip",
    "FramePolicy",
    "ImageSource",
    "PictureSupport",
    "check_pages",
    "check_path",
    "check_video",
    "decode_frames",
    "decode_video",
    "display_name",
    "frame_items",
    "is_data_url",
    "list_frames",
    "load_image",
    "local_file",
    "picture_decoder",
    "picture_support",
    "read_data_url",
    "render_pages",
    "take_frame",
]
