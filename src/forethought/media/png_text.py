"""A PNG without its texts and colour profile, of which Pillow reads at most 1 MB each."""

import struct
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = {b"tEXt", b"zTXt", b"iTXt", b"iCCP"}
# These may hold the orientation.
_KEPT = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")


def is_too_long_text(error: Exception) -> bool:
    """Whether Pillow refused a PNG for the length of a text or profile."""
    return isinstance(error, ValueError) and "MAX_TEXT" in str(error)


def strip_text(png: bytes) -> bytes:
    """The same picture without texts and profile, but for those that may hold its orientation."""
    return _SIGNATURE + b"".join(
        chunk for chunk in _chunks(png) if chunk[4:8] not in _TEXTS or chunk[8:].startswith(_KEPT)
    )


def _chunks(png: bytes) -> Iterator[bytes]:
    at = len(_SIGNATURE)
    while at + 8 <= len(png):
        (length,) = struct.unpack_from(">I", png, at)
        yield png[at : at + length + 12]  # its length, kind and checksum take 12 bytes
        at += length + 12
    yield png[at:]  # the rest of a file cut short
