"""A picture file's content: its hash, and the picture if it has to be looked at."""

import hashlib
import warnings
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import PIL

from forethought.errors import ContentError
from forethought.index.pictures import Picture, Unreadable
from forethought.types import Image
from forethought.types.content import MAX_PIXELS

MAX_BYTES = 1 << 30
"""The largest file that is read, 1 GiB."""

DECODER = f"pillow {PIL.__version__}, {MAX_PIXELS} pixels"
"""Whose judgement an unreadable file is: another decoder may try again."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A file's content; `image` is None where its vector is known already."""

    picture: Picture
    sha256: str
    image: Image | None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file whose bytes are no picture: as long as they stay, there is no use in trying again."""

    picture: Picture
    reason: str


def open_picture(
    folder: Path, picture: Picture, known: Container[str]
) -> Opened | Damaged | Unreadable:
    """Read a file, and decode it unless its hash is among the `known`."""
    if picture.size > MAX_BYTES:
        reason = f"it has {picture.size} bytes, over 1 GiB; export it smaller"
        return Unreadable(picture.path, reason)
    try:
        content = (folder / picture.path).read_bytes()
    except OSError as error:
        return Unreadable(picture.path, f"it cannot be read ({error.strerror})")
    if not content:
        return Damaged(picture, "the file is empty; export it again")
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 in known:
        return Opened(picture, sha256, None)
    return _decode(picture, content, sha256)


def _decode(picture: Picture, content: bytes, sha256: str) -> Opened | Damaged:
    try:
        with warnings.catch_warnings():
            # A picture with odd metadata is still a picture.
            warnings.simplefilter("ignore")
            return Opened(picture, sha256, Image(content, source=picture.path))
    except ContentError as error:
        return Damaged(picture, str(error).removeprefix(f"{picture.path}: "))
    except Exception as error:  # noqa: BLE001 - a decoder fed with anything may raise anything
        reason = f"the picture is damaged ({type(error).__name__}: {error}); export it again"
        return Damaged(picture, reason)
