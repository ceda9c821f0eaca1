"""One piece of content of a line: a text or a medium."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from forethought.data.media_store import MediaStore
from forethought.media import is_data_url, read_data_url
from forethought.types import Content, Image, Text, Video, pages

MediaData = str | bytes
"""A medium by its name in a `MediaStore`, as a `data:` URL, or as the bytes of its file."""

_MEDIA = ("image", "video", "pdf")
_CONTENT = ("text", *_MEDIA, "frames")
_FIELDS = (*_CONTENT, "pages")


@dataclass(frozen=True, slots=True)
class PartLine:
    """One piece of content: a text, an image, a video, its frames or a PDF.

    A medium is a path, a `data:` URL, or, in a table that has such columns, the bytes of a file.
    `frames` are the pictures of a video in order. `pages` chooses pages of the PDF, as in "3-7";
    by default all of them.

    Raises:
        ValueError: if it is not exactly one of the five, or a text without words or that is no
            Unicode.
    """

    text: str | None = None
    image: MediaData | None = None
    video: MediaData | None = None
    pdf: MediaData | None = None
    frames: tuple[MediaData, ...] | None = None
    pages: str | None = None

    def __post_init__(self) -> None:
        given = [name for name in _CONTENT if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                "a part is one of text, image, video, frames and pdf, got "
                f"{' and '.join(given) or 'none'}"
            )
        if self.text:
            Text(self.text)
        if self.frames and not all(self.frames):
            raise ValueError("one of the frames has an empty path; leave it out")
        if self.pages and not self.pdf:
            raise ValueError(f"pages={self.pages!r} belong to a pdf; name it, or leave them out")

    @property
    def names(self) -> tuple[str, ...]:
        """The media that it names rather than holds."""
        return tuple(
            each for each in self._media() if isinstance(each, str) and not is_data_url(each)
        )

    @property
    def has_media(self) -> bool:
        """Whether it is anything but a text."""
        return not self.text

    @property
    def key(self) -> dict[str, object]:
        """Its fields, bytes by their digest: equal for equal content, and plain JSON."""
        key: dict[str, object] = {}
        for name in _FIELDS:
            value = getattr(self, name)
            if value:
                key[name] = [*map(_plain, value)] if isinstance(value, tuple) else _plain(value)
        return key

    def open(self, media: MediaStore) -> tuple[Content, ...]:
        """Open it; the names of files are those of `media`.

        Raises:
            ContentError: if it cannot be opened or decoded.
        """
        if self.text:
            return (Text(self.text),)
        if self.frames:
            return (Video([_opened(frame, media)[0] for frame in self.frames]),)
        data, name = _opened(next(self._media()), media)
        if self.image:
            return (Image(data, source=name),)
        return (Video(data, source=name),) if self.video else pages(data, self.pages, source=name)

    def _media(self) -> Iterator[MediaData]:
        for name in _MEDIA:
            if getattr(self, name):
                yield getattr(self, name)
        yield from self.frames or ()


def _plain(value: MediaData) -> str:
    if isinstance(value, bytes):
        return f"bytes {hashlib.blake2b(value, digest_size=12).hexdigest()}"
    return value


def _opened(reference: MediaData, media: MediaStore) -> tuple[Path | bytes, str]:
    """A medium and its name in messages, empty for that of its path."""
    if isinstance(reference, bytes):
        return reference, ""
    if is_data_url(reference):
        return read_data_url(reference, "data URL"), ""
    data = media.get(reference)
    return data, reference if isinstance(data, bytes) else ""
