"""An encoder as a folder again: for us, for stock transformers, and for the hub."""

import json
import shutil
from pathlib import Path

import torch

from forethought.backbones import base_folder, save_checkpoint
from forethought.encoders import CARD, ReasoningEncoder
from forethought.interop.hub import CARD_TEXT, model_card

SETTINGS = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
    *("preprocessor_config.json", "video_preprocessor_config.json", "generation_config.json"),
    *("gate.json", "gate.safetensors"),
)
"""What lies beside the weights and stays as it was."""


def save_pretrained(
    encoder: ReasoningEncoder, folder: Path, *, dtype: torch.dtype | None = None
) -> Path:
    """Write weights, settings, our card file and a README; an adapter is written merged.

    Any `forethought.load` takes the folder without being told a family, and stock
    transformers load it as the network it is. `dtype` is the weights' own by default.
    """
    network = encoder.engine.backbone.network
    save_checkpoint(network, folder, dtype=dtype or next(network.parameters()).dtype)
    for home in (base_folder(encoder.folder), encoder.folder):
        for name in SETTINGS:
            if (home / name).is_file() and home.resolve() != folder.resolve():
                shutil.copyfile(home / name, folder / name)
    card = {
        "family": encoder.family.name,
        "name": encoder.name,
        **({"budget": encoder.decode_options.budget} if encoder.family.thinks else {}),
        "instructions": {side.value: words for side, words in encoder.instructions.items()},
    }
    text = json.dumps(card, indent=2, ensure_ascii=False) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")
    (folder / CARD_TEXT).write_text(model_card(folder), encoding="utf-8")
    return folder
