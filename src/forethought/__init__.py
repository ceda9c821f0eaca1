"""Reasoning-driven multimodal embeddings: text, images and videos in one vector space."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forethought.backbones import LoadOptions
    from forethought.encoders import EncodeOptions, Encoder, load
    from forethought.engines import EarlyExit, Limits
    from forethought.errors import ForethoughtError
    from forethought.index import FolderIndex
    from forethought.rationales import RationaleStore
    from forethought.types import (
        Embeddings,
        Ending,
        FramePolicy,
        Hit,
        Image,
        Message,
        Mode,
        Neighbor,
        Provenance,
        Rationale,
        Side,
        Text,
        Think,
        Video,
        pages,
    )

__version__ = "0.1.0"

__all__ = [
    "EarlyExit",
    "Embeddings",
    "EncodeOptions",
    "Encoder",
    "Ending",
    "FolderIndex",
    "ForethoughtError",
    "FramePolicy",
    "Hit",
    "Image",
    "Limits",
    "LoadOptions",
    "Message",
    "Mode",
    "Neighbor",
    "Provenance",
    "Rationale",
    "RationaleStore",
    "Side",
    "Text",
    "Think",
    "Video",
    "load",
    "pages",
]

_NOT_IN_TYPES = {
    "EarlyExit": "forethought.engines",
    "EncodeOptions": "forethought.encoders",
    "Encoder": "forethought.encoders",
    "FolderIndex": "forethought.index",
    "ForethoughtError": "forethought.errors",
    "Limits": "forethought.engines",
    "LoadOptions": "forethought.backbones",
    "RationaleStore": "forethought.rationales",
    "load": "forethought.encoders",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: importing the package imports no torch."""
    if name not in __all__:
        raise AttributeError(f"module 'forethought' has no attribute {name!r}")
    found: object = getattr(import_module(_NOT_IN_TYPES.get(name, "forethought.types")), name)
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
