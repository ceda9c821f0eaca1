"""Save an encoder as a folder."""

import json
import shutil
from pathlib import Path

import torch

from forethought.backbones import base_folder, save_checkpoint
from forethought.encoders.gate import LogisticGate
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.encoders.recognise import CARD
from forethought.files import write_text

_SETTINGS = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
    *("preprocessor_config.json", "video_preprocessor_config.json", "generation_config.json"),
)
"""Files beside the weights that are copied unchanged."""
_GATE = ("gate.json", "gate.safetensors")


def save(encoder: ReasoningEncoder, folder: Path, *, dtype: torch.dtype) -> None:
    """Write weights, settings, gate and card; an adapter is written merged.

    `forethought.load` takes the folder without a family, and stock transformers load it as the
    network it is.
    """
    save_checkpoint(encoder.engine.backbone.network, folder, dtype=dtype)
    for home in (base_folder(encoder.folder), encoder.folder):
        for name in _SETTINGS:
            if (home / name).is_file() and home.resolve() != folder.resolve():
                shutil.copyfile(home / name, folder / name)
    for name in _GATE:
        (folder / name).unlink(missing_ok=True)
    if isinstance(encoder.gate, LogisticGate):
        encoder.gate.save(folder)
    card = {
        "family": encoder.family.name,
        "name": encoder.name,
        **({"budget": encoder.decode_options.budget} if encoder.family.thinks else {}),
        "instructions": {side.value: text for side, text in encoder.instructions.items()},
    }
    write_text(folder / CARD, json.dumps(card, indent=2, ensure_ascii=False) + "\n")
