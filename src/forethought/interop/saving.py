"""An encoder as a folder again, with a card for the hub."""

from pathlib import Path

import torch

from forethought.encoders import ReasoningEncoder, save
from forethought.interop.hub import CARD_TEXT, model_card


def save_pretrained(
    encoder: ReasoningEncoder, folder: Path, *, dtype: torch.dtype | None = None
) -> Path:
    """Write weights, settings, our card file and a README; an adapter is written merged.

    Any `forethought.load` takes the folder without being told a family, and stock
    transformers load it as the network it is. `dtype` is the weights' own by default.
    """
    network = encoder.engine.backbone.network
    save(encoder, folder, dtype=dtype or next(network.parameters()).dtype)
    (folder / CARD_TEXT).write_text(model_card(folder), encoding="utf-8")
    return folder
