"""Save an encoder as a folder, with a README for the hub."""

from pathlib import Path

import torch

from forethought.encoders import ReasoningEncoder, save
from forethought.files import write_text
from forethought.interop.hub import README, model_card


def save_pretrained(
    encoder: ReasoningEncoder, folder: str | Path, *, dtype: torch.dtype | None = None
) -> Path:
    """Write weights, settings, the card file and a README; an adapter is written merged.

    `forethought.load` takes the folder without a family, and stock transformers load it as the
    network it is. `dtype` is that of the weights by default.
    """
    folder = Path(folder)
    network = encoder.engine.backbone.network
    save(encoder, folder, dtype=dtype or next(network.parameters()).dtype)
    write_text(folder / README, model_card(folder))
    return folder
