"""Think, then embed: one vector space for words and pictures, with a rationale where it pays."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forethought.backbones import Loading
    from forethought.encoders import Encoder, Reading, load
    from forethought.engines import Limits, Settle
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
        Rationale,
        Side,
        Text,
        Think,
        Video,
        pages,
    )

__version__ = "0.1.0"

__all__ = [
    "Embeddings",
    "Encoder",
    "Ending",
    "FolderIndex",
    "ForethoughtError",
    "FramePolicy",
    "Hit",
    "Image",
    "Limits",
    "Loading",
    "Message",
    "Mode",
    "Rationale",
    "RationaleStore",
    "Reading",
    "Settle",
    "Side",
    "Text",
    "Think",
    "Video",
    "load",
    "pages",
]

_ELSEWHERE = {
    "Encoder": "forethought.encoders",
    "FolderIndex": "forethought.index",
    "ForethoughtError": "forethought.errors",
    "Limits": "forethought.engines",
    "Loading": "forethought.backbones",
    "RationaleStore": "forethought.rationales",
    "Reading": "forethought.encoders",
    "Settle": "forethought.engines",
    "load": "forethought.encoders",
}


def __getattr__(name: str) -> object:
    """Open the door a name lies behind: importing this package alone imports no torch."""
    if name not in __all__:
        raise AttributeError(f"module 'forethought' has no attribute {name!r}")
    found: object = getattr(import_module(_ELSEWHERE.get(name, "forethought.types")), name)
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
