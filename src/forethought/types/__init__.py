"""The nouns: what flows from one end of the library to the other."""

from forethought.types.content import Content, Text
from forethought.types.embedding import Embeddings, Mode, Think, concatenate
from forethought.types.example import Example
from forethought.media.frames import Clip, FramePolicy
from forethought.types.hit import Hit
from forethought.types.image import Image
from forethought.types.message import Message, Side
from forethought.types.opening import open_file
from forethought.types.pages import pages
from forethought.types.prompt import Grammar, Patches, Prompt
from forethought.types.rationale import Ending, Rationale
from forethought.types.cached_rationale import Remembered
from forethought.types.video import Video

__all__ = [
    "Clip",
    "Content",
    "Embeddings",
    "Ending",
    "Example",
    "FramePolicy",
    "Grammar",
    "Hit",
    "Image",
    "Message",
    "Mode",
    "Patches",
    "Prompt",
    "Rationale",
    "Remembered",
    "Side",
    "Text",
    "Think",
    "Video",
    "concatenate",
    "open_file",
    "pages",
]
