"""Video files and PDFs. Their decoders, PyAV and PDFium, are optional: imported at the first call.

Both come with the extra `media`; without it, a call fails with the command that installs them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from forethought.errors import ConfigError, ContentError
from forethought.media.frames import Clip, FramePolicy

_NO_PYAV = (
    "reading a video needs PyAV: pip install 'forethought[media]', or pass its frames as pictures"
)
_NO_PDFIUM = (
    "reading a PDF needs PDFium: pip install 'forethought[media]', or pass its pages as pictures"
)


def check_video(file: Path | bytes, name: str) -> None:
    """Open a video file, to check it, and close it again.

    Raises:
        ContentError: if it is empty, cannot be opened, has no pictures or too large ones, or PyAV
            is not installed.
    """
    _check_not_empty(file, name)
    with _optional("av", f"{name}: {_NO_PYAV}"):
        from forethought.media import video_decode  # noqa: PLC0415 - PyAV is an extra
    video_decode.check_video(file, name)


def decode_video(file: Path | bytes, name: str, policy: FramePolicy) -> Clip:
    """Decode the frames of a video file that `policy` chooses.

    Raises:
        ContentError: if no frame decodes, the chosen ones are too large, or PyAV is not
            installed.
    """
    with _optional("av", f"{name}: {_NO_PYAV}"):
        from forethought.media import video_decode  # noqa: PLC0415 - PyAV is an extra
    return video_decode.decode_video(file, name, policy)


def render_pages(
    pdf: Path | bytes,
    which: int | str | slice | None,
    name: str,
    *,
    dpi: int,
    password: str | None = None,
) -> list[tuple[int, UInt8[np.ndarray, "_ _ 3"]]]:
    """Render pages of a PDF, each with its number, from 1.

    Args:
        which: a number, numbers and ranges, a slice or None, as `parse_pages` has them.
        dpi: pixels an inch of paper.

    Raises:
        ConfigError: if `dpi` is below 1.
        ContentError: if the PDF is a folder or empty, it or a page of it cannot be read, there
            are no such pages or too many, or PDFium is not installed.
    """
    if dpi < 1:
        raise ConfigError(f"dpi must be at least 1, got {dpi}: 150 is usual")
    if isinstance(pdf, Path) and pdf.is_dir():
        raise ContentError(f"{name}: a folder, not a PDF; check the path")
    _check_not_empty(pdf, name)
    with _optional("pypdfium2", f"{name}: {_NO_PDFIUM}"):
        from forethought.media import pdf_render  # noqa: PLC0415 - PDFium is an extra
    return pdf_render.render_pages(pdf, which, name, dpi=dpi, password=password)


def _check_not_empty(file: Path | bytes, name: str) -> None:
    if not (len(file) if isinstance(file, bytes) else file.stat().st_size):
        raise ContentError(f"{name}: empty (0 bytes); export it again")


@contextmanager
def _optional(package: str, message: str) -> Iterator[None]:
    """Replace the error of a missing package by a message with the way to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ContentError(message) from None
