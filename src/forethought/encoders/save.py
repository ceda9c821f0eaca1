"""Save an encoder as a folder."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from forethought.backbones import base_folder, save_checkpoint
from forethought.config import dump
from forethought.encoders.card import CARD, write_instructions
from forethought.encoders.gate import ActionGate, LogisticGate
from forethought.encoders.options import EncodeOptions, decode_options_for
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.files import write_text

SETTINGS_FILES = (
    *("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
    *("vocab.json", "merges.txt", "chat_template.jinja", "chat_template.json"),
    *("preprocessor_config.json", "video_preprocessor_config.json", "generation_config.json"),
)
"""Files beside the weights that are copied unchanged."""
_GATE = ("gate.json", "gate.safetensors")


def save(encoder: ReasoningEncoder, folder: str | Path, *, dtype: torch.dtype) -> None:
    """Write weights, settings, gate and card; an adapter is written merged.

    `forethought.load` takes the folder without a family, and stock transformers load it as the
    network it is.
    """
    folder = Path(folder)
    save_checkpoint(encoder.engine.backbone.network, folder, dtype=dtype)
    for home in (base_folder(encoder.folder), encoder.folder):
        for name in SETTINGS_FILES:
            if (home / name).is_file() and home.resolve() != folder.resolve():
                shutil.copyfile(home / name, folder / name)
    for name in _GATE:
        (folder / name).unlink(missing_ok=True)
    if isinstance(encoder.gate, LogisticGate):
        encoder.gate.save(folder)
    settings = dump(_settings(encoder))
    card = {
        "family": encoder.family.name,
        "name": encoder.name,
        **({"budget": encoder.decode_options.budget} if encoder.family.thinks else {}),
        "instructions": write_instructions(encoder.instructions),
        **({"settings": settings} if settings else {}),
    }
    write_text(folder / CARD, json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def options_of(encoder: ReasoningEncoder) -> EncodeOptions:
    """The options to load an encoder with again: what was replaced since it was loaded included."""
    options, decoding = encoder.encode_options, encoder.decode_options
    if decoding != decode_options_for(decoding.budget, replace(options, budget=None)):
        options = replace(
            options,
            repeats=decoding.repeats,
            speculative_tokens=decoding.speculative_tokens,
            early_exit=decoding.early_exit,
        )
    threshold = encoder.gate.threshold if encoder.gate else None
    budget = decoding.budget if encoder.family.thinks else None
    return replace(options, budget=budget, threshold=threshold)


def _settings(encoder: ReasoningEncoder) -> EncodeOptions:
    """Without what has a place of its own: the budget in the card, a logistic gate in a file."""
    options = replace(options_of(encoder), budget=None)
    return options if isinstance(encoder.gate, ActionGate) else replace(options, threshold=None)
