"""The data types of the library, in the order in which data passes through it."""

from forethought.media import Clip, FramePolicy
from forethought.types.cached_rationale import CachedRationale
from forethought.types.content import VIDEO_SUFFIXES, Content, Text, open_file, pages
from forethought.types.content_kind import ContentKind, combined_kind, kind_of
from forethought.types.embedding import Embeddings, concatenate
from forethought.types.example import Document, Example
from forethought.types.hit import Hit, Neighbor
from forethought.types.image import Image
from forethought.types.message import Message, Side
from forethought.types.mode import Mode, Think
from forethought.types.nearest import check_count, top_rows
from forethought.types.progress import OpenProgress, Progress, ignore_progress, no_progress
from forethought.types.prompt import CompletionFormat, Patches, Prompt
from forethought.types.provenance import Making, Pair, Provenance, check_comparable
from forethought.types.rationale import Ending, Rationale
from forethought.types.video import Video

__all__ = [
    "VIDEO_SUFFIXES",
    "CachedRationale",
    "Clip",
    "CompletionFormat",
    "Content",
    "ContentKind",
    "Document",
    "Embeddings",
    "Ending",
    "Example",
    "FramePolicy",
    "Hit",
    "Image",
    "Making",
    "Message",
    "Mode",
    "Neighbor",
    "OpenProgress",
    "Pair",
    "Patches",
    "Progress",
    "Prompt",
    "Provenance",
    "Rationale",
    "Side",
    "Text",
    "Think",
    "Video",
    "check_comparable",
    "check_count",
    "combined_kind",
    "concatenate",
    "ignore_progress",
    "kind_of",
    "no_progress",
    "open_file",
    "pages",
    "top_rows",
]
