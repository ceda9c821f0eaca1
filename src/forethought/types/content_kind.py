"""What a message holds, as far as its default instruction depends on it."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from forethought.types.content import Content, Text
from forethought.types.video import Video


class ContentKind(StrEnum):
    """What the content of a message is."""

    TEXT = "text"
    """Words alone."""
    PICTURE = "picture"
    """Pictures without words, some of them no pages."""
    PICTURE_AND_TEXT = "picture and text"
    """Pictures or pages with words."""
    VIDEO = "video"
    """At least one video, with or without words and pictures."""
    PAGE = "page"
    """Pages of a document alone."""


def kind_of(content: Sequence[Content]) -> ContentKind:
    """The kind of a message's content, of at least one part."""
    return combined_kind({_kind_of_part(part) for part in content})


def combined_kind(kinds: Collection[ContentKind]) -> ContentKind:
    """The kind of parts of these kinds together, at least one."""
    if ContentKind.VIDEO in kinds:
        return ContentKind.VIDEO
    if {*kinds} <= {ContentKind.TEXT}:
        return ContentKind.TEXT
    if ContentKind.TEXT in kinds:
        return ContentKind.PICTURE_AND_TEXT
    return ContentKind.PAGE if {*kinds} == {ContentKind.PAGE} else ContentKind.PICTURE


def _kind_of_part(part: Content) -> ContentKind:
    if isinstance(part, Video):
        return ContentKind.VIDEO
    if isinstance(part, Text):
        return ContentKind.TEXT
    return ContentKind.PAGE if part.is_page else ContentKind.PICTURE
