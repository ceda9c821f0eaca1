"""Our encoders in other people's tools: Sentence Transformers, mteb, the Hugging Face hub."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forethought.interop.hub import model_card, push_to_hub
    from forethought.interop.mteb import MtebEncoder
    from forethought.interop.saving import save_pretrained
    from forethought.interop.sentence_transformers import ForethoughtModule, as_sentence_transformer

__all__ = [
    "ForethoughtModule",
    "MtebEncoder",
    "as_sentence_transformer",
    "model_card",
    "push_to_hub",
    "save_pretrained",
]

_ELSEWHERE = {
    "ForethoughtModule": "forethought.interop.sentence_transformers",
    "MtebEncoder": "forethought.interop.mteb",
    "as_sentence_transformer": "forethought.interop.sentence_transformers",
    "model_card": "forethought.interop.hub",
    "push_to_hub": "forethought.interop.hub",
    "save_pretrained": "forethought.interop.saving",
}


def __getattr__(name: str) -> object:
    """Open one adapter: the others' libraries, seconds to import, are left alone."""
    if name not in _ELSEWHERE:
        raise AttributeError(f"module 'forethought.interop' has no attribute {name!r}")
    found: object = getattr(import_module(_ELSEWHERE[name]), name)
    return found


def __dir__() -> list[str]:
    return list(__all__)
