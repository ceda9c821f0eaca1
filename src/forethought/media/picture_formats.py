"""Which files are pictures by their suffix, and what to do with those that cannot be read."""

from dataclasses import dataclass
from functools import cache
from pathlib import PurePath

import PIL.EpsImagePlugin
import PIL.features
import PIL.Image

from forethought.media.heif_decode import HEIF_SUFFIXES, NO_HEIF, has_heif

_RAW = "a camera's raw file, whose colours Pillow does not develop; export it as JPEG or PNG"
_DESIGN = "the file of a design program, which Pillow does not read; export it as PNG"
_RANGE = "a picture without a fixed white, which Pillow does not read; tone-map it to PNG"
_FORMAT = "{}, which this Pillow does not read; convert it to PNG"

_RAW_SUFFIXES = frozenset(
    [
        ".3fr",
        ".arw",
        ".cr2",
        ".cr3",
        ".crw",
        ".dcr",
        ".dng",
        ".erf",
        ".gpr",
        ".iiq",
        ".kdc",
        ".mef",
        ".mrw",
        ".nef",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".rw2",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
        ".x3f",
    ]
)
_REASONS = {
    **dict.fromkeys(_RAW_SUFFIXES, _RAW),
    **dict.fromkeys(HEIF_SUFFIXES, NO_HEIF),
    **dict.fromkeys([".svg", ".svgz"], "a drawing of lines, not of pixels; render it to PNG"),
    **dict.fromkeys([".emf", ".wmf"], "a drawing of Windows, not of pixels; export it as PNG"),
    **dict.fromkeys([".eps", ".ps"], "PostScript, which Pillow reads only with Ghostscript; export it as PNG"),
    **dict.fromkeys([".afphoto", ".ai", ".cdr", ".fig", ".indd", ".kra", ".procreate", ".psb", ".sketch", ".xcf"], _DESIGN),
    **dict.fromkeys([".exr", ".hdr"], _RANGE),
    **dict.fromkeys([".dcm", ".dicom"], "a medical picture, which Pillow does not read; export it as PNG"),
    **dict.fromkeys([".djv", ".djvu"], "scanned pages, which Pillow does not read; convert them to PDF"),
    **dict.fromkeys([".jxr", ".hdp", ".wdp"], _FORMAT.format("JPEG XR")),
    **dict.fromkeys([".jp2", ".j2k", ".jpf", ".jpx"], _FORMAT.format("JPEG 2000")),
    ".avif": _FORMAT.format("AVIF"),
    ".bpg": _FORMAT.format("BPG"),
    ".flif": _FORMAT.format("FLIF"),
    ".jxl": _FORMAT.format("JPEG XL"),
    ".webp": _FORMAT.format("WebP"),
}  # fmt: skip
"""Suffixes of pictures that may be unreadable here, and why."""

_VIDEO = "a video, not a picture; pass ft.Video(...)"
_VIDEO_BRANDS = {b"mp4", b"iso", b"M4V", b"qt ", b"3gp", b"avc"}
_MAGIC = (
    (b"\xff\x0a", _FORMAT.format("JPEG XL")),
    (b"\0\0\0\x0cJXL ", _FORMAT.format("JPEG XL")),
    (b"%PDF", "a PDF, not a picture; its pages are ft.pages(...)"),
    (b"\x1a\x45\xdf\xa3", _VIDEO),
)
_NOT_A_PICTURE = "not a picture that Pillow can read; convert it to PNG"
_DNG_VERSION = 50706  # tag of DNG 1.0

# Pillow registers these formats and cannot decode them without another program.
_UNDECODABLE = frozenset({"BUFR", "GRIB", "HDF5", "MPEG", "WMF"})
_FEATURES = {"AVIF": "avif", "JPEG2000": "jpg_2000", "WEBP": "webp"}


@dataclass(frozen=True, slots=True)
class PictureSupport:
    """Whether files of a suffix are pictures, and are read here.

    `reason` says why they are not, and the way out; "" for pictures that are, and for what is no
    picture.
    """

    is_picture: bool
    is_readable: bool
    reason: str = ""


def picture_support(suffix: str) -> PictureSupport:
    """What is known of a suffix, such as ".heic", in either case."""
    known = suffix.lower()
    if known in _readable_suffixes():
        return PictureSupport(is_picture=True, is_readable=True)
    reason = _REASONS.get(known, "")
    return PictureSupport(is_picture=bool(reason), is_readable=False, reason=reason)


def unreadable_reason(head: bytes, name: str) -> str:
    """Why Pillow does not know a file, by its first bytes or else the suffix of its name."""
    for magic, reason in _MAGIC:
        if head.startswith(magic):
            return reason
    if (head[4:8] == b"ftyp" and head[8:11] in _VIDEO_BRANDS) or head[8:12] == b"AVI ":
        return _VIDEO
    return picture_support(PurePath(name).suffix).reason or _NOT_A_PICTURE


def undecodable_reason(picture: PIL.Image.Image, name: str) -> str:
    """Why an opened picture cannot be decoded, or not to what its file shows; "" if it can.

    Pillow opens a camera's raw file as a TIFF, and decodes a preview or the bare sensor.
    """
    if picture.format == "EPS" and not PIL.EpsImagePlugin.has_ghostscript():
        return _REASONS[".eps"]
    if picture.format == "WMF":
        return _REASONS[".wmf"]
    if picture.format in _UNDECODABLE:
        return _NOT_A_PICTURE
    tags = getattr(picture, "tag_v2", {}) if picture.format == "TIFF" else {}
    is_raw = tags and PurePath(name).suffix.lower() in _RAW_SUFFIXES
    return _RAW if is_raw or _DNG_VERSION in tags else ""


@cache
def _readable_suffixes() -> frozenset[str]:
    formats = PIL.Image.registered_extensions()
    readable = set(PIL.Image.OPEN) - _UNDECODABLE
    readable -= {name for name, feature in _FEATURES.items() if not PIL.features.check(feature)}
    if not PIL.EpsImagePlugin.has_ghostscript():
        readable.discard("EPS")
    heif = HEIF_SUFFIXES if has_heif() else frozenset()
    return heif | {suffix for suffix, name in formats.items() if name in readable}
