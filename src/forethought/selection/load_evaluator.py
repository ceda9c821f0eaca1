"""From the name of a chat model to an evaluator of this process."""

from dataclasses import replace

from forethought.backbones import (
    TEXT_TIMESTAMPS,
    LoadOptions,
    architecture_of,
    load_checkpoint,
    load_image_processor,
    revision_of,
)
from forethought.encoders import NoPictures, best_device, check_loader, find, read_tokenizer
from forethought.engines import LocalEngine, limits_for
from forethought.renderers import Layout, YesNoRenderer
from forethought.selection.local_evaluator import LocalEvaluator

MAX_PIXELS = 1280 * 28 * 28
"""Of a picture, by default: 1,280 tokens of Qwen2-VL, as its authors propose."""


def load_evaluator(
    model: str,
    *,
    device: str | None = None,
    dtype: str | None = None,
    max_pixels: int = MAX_PIXELS,
) -> LocalEvaluator:
    """Load a Qwen-VL checkpoint that answers Yes or No: an Instruct model, or one trained from it.

    Args:
        model: a folder, the name of a shipped model, or a repository on the hub.
        max_pixels: bound of a picture; the checkpoint's, if that is lower.

    Raises:
        ModelError: if it cannot be found or loaded, or does not answer in single tokens.
    """
    folder = find(model)
    check_loader(folder)
    options = LoadOptions(device=device or best_device(), dtype=dtype)
    backbone = load_checkpoint(folder, options)
    processor = load_image_processor(folder) if backbone.sees else None
    if processor:
        most = min(processor.max_pixels, max_pixels)
        processor = replace(processor, min_pixels=min(processor.min_pixels, most), max_pixels=most)
    layout = Layout(
        read_tokenizer(folder),
        processor or NoPictures(model),
        backbone.placeholders.merge_size**2,
        context=backbone.context_length,
    )
    pixels = f"pixels={processor.min_pixels}..{processor.max_pixels}" if processor else "pixels="
    return LocalEvaluator(
        name=model,
        revision=revision_of(folder),
        engine=LocalEngine(backbone, layout.pad_id, None, limits_for(backbone.device)),
        # The templates of Qwen3-VL add no system turn.
        renderer=YesNoRenderer(layout, system_turn=architecture_of(folder) not in TEXT_TIMESTAMPS),
        model_settings=(pixels, f"dtype={str(backbone.dtype).removeprefix('torch.')}"),
    )
