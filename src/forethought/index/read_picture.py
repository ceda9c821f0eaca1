"""Read a picture file, hash its bytes, and decode it unless its hash is known."""

import hashlib
import warnings
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from forethought.errors import ContentError
from forethought.index.listing import PictureFile, SkippedFile
from forethought.media import picture_decoder
from forethought.types import Image

MAX_BYTES = 1 << 30
"""The largest file that is read, 1 GiB."""

DECODER = picture_decoder()
"""Version of the decoder; a file that it rejected is retried when the file or the decoder changes."""


@dataclass(frozen=True, slots=True, eq=False)
class PictureContent:
    """The SHA-256 of a file and the decoded image, which is None where the hash was known."""

    file: PictureFile
    sha256: str
    image: Image | None


@dataclass(frozen=True, slots=True)
class DamagedPicture:
    """A file that cannot be decoded, and why; retrying is useless until its bytes change."""

    file: PictureFile
    reason: str


def read_picture(
    folder: Path, file: PictureFile, known: Container[str]
) -> PictureContent | DamagedPicture | SkippedFile:
    """Read a file, and decode it unless its hash is among the `known` ones."""
    if file.size > MAX_BYTES:
        reason = f"it has {file.size} bytes, over 1 GiB; export it smaller"
        return SkippedFile(file.path, reason)
    try:
        content = (folder / file.path).read_bytes()
    except OSError as error:
        return SkippedFile(file.path, f"it cannot be read ({error.strerror})")
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 in known:
        return PictureContent(file, sha256, None)
    return _decode(file, content, sha256)


def _decode(file: PictureFile, content: bytes, sha256: str) -> PictureContent | DamagedPicture:
    try:
        with warnings.catch_warnings():
            # Pillow warns about odd metadata; the pixels are still valid.
            warnings.simplefilter("ignore")
            return PictureContent(file, sha256, Image(content, source=file.path))
    except ContentError as error:
        return DamagedPicture(file, str(error).removeprefix(f"{file.path}: "))
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything on damaged bytes
        reason = f"the picture is damaged ({type(error).__name__}: {error}); export it again"
        return DamagedPicture(file, reason)
