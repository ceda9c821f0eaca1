"""The nouns: what flows from one end of the library to the other."""

from forethought.types.content import Content, Image, Text
from forethought.types.embedding import Embeddings, Mode, Think, concatenate
from forethought.types.example import Example
from forethought.types.hit import Hit
from forethought.types.message import Message, Side
from forethought.types.prompt import Patches, Prompt
from forethought.types.rationale import Ending, Rationale

__all__ = [
    "Content",
    "Embeddings",
    "Ending",
    "Example",
    "Hit",
    "Image",
    "Message",
    "Mode",
    "Patches",
    "Prompt",
    "Rationale",
    "Side",
    "Text",
    "Think",
    "concatenate",
]
