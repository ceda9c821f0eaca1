"""One piece of what a caller shows: a text, a picture or a video."""

from dataclasses import dataclass

from forethought.errors import ContentError
from forethought.types.image import MAX_PIXELS, Image
from forethought.types.video import Video

__all__ = ["MAX_PIXELS", "Content", "Image", "Text", "Video"]


@dataclass(frozen=True, slots=True)
class Text:
    """Words.

    Raises:
        ContentError: if there is nothing in them but white space, or they are not Unicode.
    """

    words: str

    def __post_init__(self) -> None:
        if not self.words.strip():
            raise ContentError(
                f"text is empty ({self.words!r}): a vector needs at least one word to stand for"
            )
        try:
            self.words.encode()
        except UnicodeEncodeError as error:
            raise ContentError(
                f"text {self.words!r} is no Unicode at {error.start} (half a surrogate pair): "
                "write it as UTF-8"
            ) from None


Content = Text | Image | Video
