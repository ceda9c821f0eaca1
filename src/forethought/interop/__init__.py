"""Adapters that make our encoders usable in other tools: Sentence Transformers, mteb, the hub."""

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

_MODULES = {
    "ForethoughtModule": "sentence_transformers",
    "MtebEncoder": "mteb",
    "as_sentence_transformer": "sentence_transformers",
    "model_card": "hub",
    "push_to_hub": "hub",
    "save_pretrained": "saving",
}


def __getattr__(name: str) -> object:
    """Import the module of one adapter: the other tools take seconds to import."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
