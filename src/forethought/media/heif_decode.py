"""HEIC and HEIF pictures. Needs pillow-heif, which is optional: imported at the first such picture."""

import io
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import PIL.Image

from forethought.errors import ContentError

HEIF_SUFFIXES = frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"})
NO_HEIF = (
    "HEIC, which Pillow reads only with pillow-heif: pip install pillow-heif, or export it as JPEG"
)

# The major brands of ISO/IEC 23008-12 whose pictures are HEVC, or may be.
_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}


def is_heif(head: bytes) -> bool:
    """Whether the first twelve bytes of a file are those of a HEIF container."""
    return head[4:8] == b"ftyp" and head[8:12] in _BRANDS


def has_heif() -> bool:
    """Whether pillow-heif is installed."""
    return find_spec("pillow_heif") is not None


def heif_version() -> str:
    """The version of pillow-heif, or "none"."""
    try:
        return version("pillow-heif")
    except PackageNotFoundError:
        return "none"


def open_heif(data: bytes, name: str) -> PIL.Image.Image:
    """Open a HEIF file, without decoding it yet; it comes upright.

    Raises:
        ContentError: if pillow-heif is not installed.
        SyntaxError: if it is damaged, as Pillow's own plugins do.
    """
    if not has_heif():
        raise ContentError(f"{name}: {NO_HEIF}")
    # Not registered with Pillow: that would change what other code of the process opens.
    from pillow_heif import HeifImageFile  # noqa: PLC0415 - pillow-heif is an extra

    picture: PIL.Image.Image = HeifImageFile(io.BytesIO(data))
    return picture
