"""Values of rows in published schemas, of the type they must have."""

import ast
from collections.abc import Mapping, Sequence

from forethought.data.part_line import MediaData, PartLine
from forethought.errors import DataError

IMAGE_PLACEHOLDER = "<|image_1|>"
"""Where MMEB's texts put the image; renderers place images."""


def string(values: Mapping[str, object], key: str) -> str:
    """A text, empty if it is missing or null.

    Raises:
        DataError: if it is anything else.
    """
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise DataError(f"{key} must be a string, got {_short(value)}")
    return value


def strings(values: Mapping[str, object], key: str) -> list[str]:
    """A text or a list of texts; none if it is missing or null.

    Raises:
        DataError: if it is anything else.
    """
    value = values.get(key)
    given = value if isinstance(value, list) else [] if value is None else [value]
    found = [each for each in given if isinstance(each, str)]
    if len(found) != len(given):
        raise DataError(f"{key} must be a string or a list of strings, got {_short(value)}")
    return found


def spelled_list(text: str) -> list[str]:
    """The texts of a list that was written as one text, as in Python; or else the text itself."""
    if text.startswith("[") and text.endswith("]"):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [text]
        if isinstance(found, list) and all(isinstance(each, str) for each in found):
            return found
    return [text]


def image_and_text(images: Sequence[MediaData], text: str) -> tuple[PartLine, ...]:
    """Images, then a text without white space around it, if there are any."""
    words = text.strip()
    parts = [PartLine(image=image) for image in images if image]
    return (*parts, PartLine(text=words)) if words else tuple(parts)


def video(frames: Sequence[str]) -> tuple[PartLine, ...]:
    """A video of these frames; none if they are all empty."""
    named = tuple(frame for frame in frames if frame)
    return (PartLine(frames=named),) if named else ()


def _short(value: object) -> str:
    text = repr(value)
    return f"{text[:57]}..." if len(text) > 60 else text
