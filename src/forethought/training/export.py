"""From a trained network to a folder that `forethought.load` and stock transformers take."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer

from forethought.backbones import ImageProcessor, QwenVL, save_checkpoint
from forethought.encoders import CARD
from forethought.renderers import CHAT_TEMPLATE, TAGS, Tag
from forethought.training.recipe import Recipe


def export(
    backbone: QwenVL,
    tokenizer: Tokenizer,
    image_processor: ImageProcessor,
    *,
    recipe: Recipe,
    folder: Path,
) -> None:
    """Write bf16 weights, tokenizer, picture settings and our own card file."""
    save_checkpoint(backbone.network, folder, dtype=torch.bfloat16)
    tokenizer.save(str(folder / "tokenizer.json"))
    image_processor.save(folder)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": Tag.END.value,
        "pad_token": Tag.PAD.value,
        "additional_special_tokens": [tag.value for tag in TAGS],
        "chat_template": CHAT_TEMPLATE,
        "model_max_length": recipe.shape.context,
        "clean_up_tokenization_spaces": False,
    }
    _write(folder / "tokenizer_config.json", settings)
    card = {
        "family": "forethought",
        "name": recipe.name,
        "budget": recipe.budget,
        "instructions": {
            "query": recipe.instructions.query,
            "document": recipe.instructions.document,
        },
    }
    _write(folder / CARD, card)


def _write(path: Path, told: dict[str, object]) -> None:
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
