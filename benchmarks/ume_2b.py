"""UME-R1-2B's full size with random weights: its cost does not depend on their values."""

from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from benchmarks.target import Target
from forethought.backbones import ImageProcessor, QwenVL, Shape, new_network
from forethought.encoders import FAMILIES, EncodeOptions, ReasoningEncoder, texts_of
from forethought.engines import DecodeOptions, LocalEngine
from forethought.errors import ConfigError
from forethought.renderers import Layout, Tag, UmeR1Renderer

UME_2B = Shape(
    vocabulary=151_936,
    hidden=1536,
    layers=28,
    heads=12,
    key_value_heads=2,
    feed_forward=8960,
    context=32_768,
    vision_hidden=1280,
    vision_layers=32,
    vision_heads=16,
    spread=0.02,
)
"""Qwen2-VL-2B, the backbone of UME-R1-2B (arXiv 2409.12191; the checkpoint's config)."""
TINY = Shape(
    vocabulary=768,
    hidden=48,
    layers=2,
    heads=3,
    key_value_heads=1,
    feed_forward=80,
    context=2048,
    vision_hidden=32,
    vision_layers=2,
    vision_heads=2,
    spread=0.15,
)
"""A small stand-in, to try the command without a GPU; its figures mean nothing."""
SHAPES = {"full": UME_2B, "tiny": TINY}
_TAGS = tuple(tag for tag in Tag if tag is not Tag.EMBED)
_CORPUS = (
    "system You are a helpful assistant. user assistant Represent the above input text, images, "
    "videos, or any combination of the three as embeddings. First output the thinking process "
    "in tags and then summarize the entire input in a word or sentence. Finally, use the tag to "
    "represent the entire input. Find me an everyday image that matches the given caption: "
    "What is picture of?"
)


def ume_2b(shape: Shape, *, device: str, patches: tuple[int, int], seed: int = 0) -> Target:
    """Build UME-R1-2B's shape with random weights: bfloat16 on a GPU, float32 on a CPU.

    `patches` are the fewest and the most of a picture.

    Raises:
        ConfigError: if the full size is to run without CUDA.
    """
    if shape is UME_2B and not device.startswith("cuda"):
        raise ConfigError("the full 2B shape needs CUDA; try the command with --shape tiny")
    tokenizer = _tokenizer()
    placeholders = {"image": Tag.IMAGE, "video": Tag.VIDEO, "end": Tag.END, "pad": Tag.PAD}
    placeholders |= {"vision_start": Tag.VISION_START, "vision_end": Tag.VISION_END}
    with torch.device(device):
        network = new_network(
            shape,
            token_ids={
                name: int(tokenizer.token_to_id(tag) or 0) for name, tag in placeholders.items()
            },
            generator=torch.Generator("cpu").manual_seed(seed),
        )
    if device.startswith("cuda"):
        # Not the buffers: rotary frequencies stay float32, as in loaded checkpoints.
        for parameter in network.parameters():
            parameter.data = parameter.data.to(torch.bfloat16)
        torch.cuda.empty_cache()  # the float32 weights
    network.eval()  # type: ignore[no-untyped-call]
    network.requires_grad_(requires_grad=False)
    return _assembled(QwenVL(network), tokenizer, patches)


def _assembled(backbone: QwenVL, tokenizer: Tokenizer, patches: tuple[int, int]) -> Target:
    family = FAMILIES["ume_r1"]
    image_processor = ImageProcessor(min_pixels=patches[0] * 14**2, max_pixels=patches[1] * 14**2)
    layout = Layout(
        tokenizer,
        image_processor,
        backbone.placeholders.merge_size**2,
        context=backbone.context_length,
    )
    # Every input has a picture: none needs a blank one.
    renderer = replace(UmeR1Renderer(layout), blank=False)
    encoder = ReasoningEncoder(
        name="ume-2b (random weights)",
        revision="0" * 12,
        folder=Path(),
        engine=LocalEngine(backbone, renderer.layout.pad_id, renderer.completion_format),
        renderer=renderer,
        family=family,
        gate=None,
        decode_options=DecodeOptions(family.budget),
        instructions=texts_of(family.instructions),
        encode_options=EncodeOptions(blank=False),
        settings=(),
    )
    return Target(encoder)


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(
        # Twice, as a pair is merged from its second occurrence on: prompts get Qwen's lengths.
        [_CORPUS] * 2,
        trainers.BpeTrainer(vocab_size=700, initial_alphabet=letters, show_progress=False),
    )
    tokenizer.add_special_tokens([AddedToken(tag, special=True) for tag in _TAGS])
    return tokenizer
