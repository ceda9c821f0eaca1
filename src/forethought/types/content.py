"""What a message is made of: texts, pictures and videos, and the files they are read from."""

from dataclasses import dataclass
from pathlib import Path

from forethought.errors import ContentError
from forethought.media import check_path, display_name, local_file, render_pages
from forethought.types.image import Image
from forethought.types.video import Video

VIDEO_SUFFIXES = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
"""Files that are opened as videos. An animated .gif is a picture by its name, of its first frame:
`Video("moving.gif")` has all."""


@dataclass(frozen=True, slots=True)
class Text:
    """Words.

    Raises:
        ContentError: if they are no string, empty but for white space, or not valid Unicode.
    """

    words: str

    def __post_init__(self) -> None:
        if not isinstance(self.words, str):
            raise ContentError(
                f"text is of type {type(self.words).__name__}; {_not_text(self.words)}"
            )
        if not self.words.strip():
            raise ContentError(f"text is empty ({self.words!r}): it must have at least one word")
        check_unicode(self.words, "text")


Content = Text | Image | Video


def check_unicode(words: str, what: str) -> None:
    """Refuse half a surrogate pair.

    Raises:
        ContentError: naming `what`, if there is one.
    """
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise ContentError(
            f"{what} {words!r} is no Unicode at {error.start} (half a surrogate pair): "
            "write it as UTF-8"
        ) from None


def _not_text(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return "decode it: data.decode('utf-8'); a file's bytes are ft.Image(data)"
    if isinstance(value, Path):
        return "read it: path.read_text(), or pass the path itself to `encode`"
    return "pass a string"


def open_file(path: str | Path) -> tuple[Content, ...]:
    """The content of a file, by its suffix: the pages of a PDF, a video, or else a picture.

    A folder is a video of its frames.

    Raises:
        ContentError: if it cannot be read as such.
    """
    file = check_path(path, display_name(path, "file"))
    suffix = file.suffix.lower()
    if suffix == ".pdf":
        return pages(file)
    if suffix in VIDEO_SUFFIXES or file.is_dir():
        return (Video(file),)
    return (Image(file),)


def pages(
    pdf: str | Path | bytes,
    which: int | str | slice | None = None,
    *,
    dpi: int = 150,
    password: str | None = None,
    source: str = "",
) -> tuple[Image, ...]:
    """Render pages of a PDF as pictures, with the values of form fields.

    A page that would have over 64 megapixels is rendered at the largest scale that fits.

    Args:
        pdf: a path, or the bytes of a PDF.
        which: a page number, from 1; numbers and ranges, as in "3-7" or "1,4,9-", in that order;
            a slice, which counts from 0; or None, for all.
        dpi: pixels an inch of paper.
        password: opens an encrypted PDF.
        source: the name of the PDF in messages; its path by default. The source of each picture
            is this name and its page number.

    Raises:
        ConfigError: if `dpi` is below 1.
        ContentError: if it cannot be found, opened or rendered, has no such page, or over 500
            pages or 1600 megapixels are named.
    """
    name = source or display_name(pdf, "document")
    file = local_file(pdf, name, kind="PDF")
    rendered = render_pages(file, which, name, dpi=dpi, password=password)
    return tuple(
        Image(pixels, source=f"{name}, page {number}", is_page=True) for number, pixels in rendered
    )
