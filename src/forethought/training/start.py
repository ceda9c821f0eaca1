"""The model a run starts from: a checkpoint, or a network made from nothing."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from forethought.backbones import (
    TOWER_PIXELS,
    ImageProcessor,
    LoadOptions,
    new_network,
    save_checkpoint,
    tower_image_processor,
)
from forethought.config import find
from forethought.data import ExampleSource
from forethought.encoders import (
    CARD,
    EncodeOptions,
    NoPictures,
    ReasoningEncoder,
    load,
    write_instructions,
)
from forethought.files import write_text
from forethought.renderers import CHAT_TEMPLATE, TAGS, ForethoughtRenderer, Layout, Tag
from forethought.training.recipe import Recipe, ScratchSettings

_TOKENS = {
    "image": Tag.IMAGE,
    "video": Tag.VIDEO,
    "vision_start": Tag.VISION_START,
    "vision_end": Tag.VISION_END,
    "end": Tag.END,
    "pad": Tag.PAD,
}


def training_device() -> str:
    """Where a run trains: on this process's GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def starting_encoder(recipe: Recipe, checkpoint: str | Path) -> ReasoningEncoder:
    """Load a checkpoint in float32, ready for gradients.

    Raises:
        ModelError: if it cannot be loaded.
    """
    encoder = load(
        checkpoint,
        family=recipe.family,
        device=training_device(),
        load_options=LoadOptions(dtype="float32", packed=False),
        encode_options=EncodeOptions(
            min_pixels=recipe.min_pixels,
            max_pixels=recipe.max_pixels,
            frame_min_pixels=recipe.frame_min_pixels,
            frame_max_pixels=recipe.frame_max_pixels,
        ),
    )
    encoder.engine.backbone.network.requires_grad_(requires_grad=True).train()
    return encoder


def make_scratch(
    settings: ScratchSettings, source: ExampleSource, *, name: str, seed: int, folder: Path
) -> None:
    """Learn a tokenizer, draw the weights, and write both as a checkpoint.

    Its card file is written last: a folder that has one is whole.
    """
    shutil.rmtree(folder, ignore_errors=True)
    learn: Callable[..., Tokenizer] = find(settings.tokenizer, {}, kind="tokenizer")
    tokenizer = learn(source, size=settings.shape.vocabulary)
    images = scratch_image_processor(settings)
    # Pictures play no part here: the renderer refuses a tokenizer that lacks a tag.
    renderer = ForethoughtRenderer(
        Layout(tokenizer, images or NoPictures(name), 1, settings.shape.context)
    )
    network = new_network(
        settings.shape,
        token_ids={kind: renderer.layout.token_id(tag) for kind, tag in _TOKENS.items()},
        generator=torch.Generator().manual_seed(seed),
        frozen=_call(settings.shape.tower, kind="tower"),
        embeddings=_call(settings.embeddings, tokenizer, settings.shape.hidden, kind="embeddings"),
    )
    save_checkpoint(network, folder, dtype=torch.float32)
    if images:
        images.save(folder)
    _write_tokenizer(tokenizer, settings.shape.context, folder)
    card = {
        "family": "forethought",
        "name": name,
        "budget": settings.budget,
        "instructions": write_instructions(settings.instructions.texts()),
    }
    write_text(folder / CARD, json.dumps(card, indent=2, ensure_ascii=False) + "\n")


def _call(path: str | None, *arguments: object, kind: str) -> Any:  # noqa: ANN401 - a recipe names any function
    """What the function of an import path returns; None for no path."""
    if path is None:
        return None
    function: Callable[..., Any] = find(path, {}, kind=kind)
    return function(*arguments)


def scratch_image_processor(settings: ScratchSettings) -> ImageProcessor | None:
    """That of the shape's vision encoder, if it has one."""
    pixels = None if settings.pixels is None else settings.pixels**2
    if settings.shape.tower is not None:
        return tower_image_processor(pixels=pixels or TOWER_PIXELS)
    return ImageProcessor(min_pixels=pixels, max_pixels=pixels) if pixels else None


def _write_tokenizer(tokenizer: Tokenizer, context: int, folder: Path) -> None:
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": Tag.END.value,
        "pad_token": Tag.PAD.value,
        "additional_special_tokens": [tag.value for tag in TAGS],
        "chat_template": CHAT_TEMPLATE,
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,
    }
    text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
    write_text(folder / "tokenizer_config.json", text)
