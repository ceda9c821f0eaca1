"""From a name or a folder to an encoder."""

from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer

from forethought.backbones import (
    LoadOptions,
    QwenVL,
    checkpoint_file,
    load_checkpoint,
    load_image_processor,
    revision_of,
)
from forethought.encoders.card import parse_card
from forethought.encoders.families import Family
from forethought.encoders.gate import ActionGate, Gate, load_gate
from forethought.encoders.instructions import texts_of
from forethought.encoders.locate import find, model_name
from forethought.encoders.no_pictures import NoPictures
from forethought.encoders.options import EncodeOptions, decode_options_for, image_processor_for
from forethought.encoders.origin import Origin
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.encoders.recognise import check_loader, recognise
from forethought.encoders.settings import vector_settings
from forethought.engines import Limits, LocalEngine, limits_for, start_vllm
from forethought.errors import ModelError
from forethought.renderers import Layout, MmembR1Renderer, Renderer, UmeR1Renderer

ENGINES = ("local", "vllm")


def load(
    model: str | Path,
    *,
    family: str | None = None,
    revision: str | None = None,
    device: str | None = None,
    load_options: LoadOptions | None = None,
    encode_options: EncodeOptions | None = None,
    limits: Limits | None = None,
    engine: str = "local",
) -> ReasoningEncoder:
    """Load an encoder: a shipped model, a folder, or a repository on the hub.

    Args:
        family: what the checkpoint was trained as; recognised by itself where possible.
        revision: branch, tag or commit of a repository.
        device: where it runs; by default the first GPU, else the CPU.
        load_options: precision, attention, quantisation; by default float32 on a CPU and the
            checkpoint's own precision on a GPU.
        encode_options: pixels, frames, budget; by default the family's published ones.
        limits: how much is prefilled and cached at once; `encode` sets the rows.
        engine: what decodes rationales: "local", in this process, or "vllm", if installed.

    Raises:
        ModelError: if the model cannot be found, a file is missing or damaged, the family is
            unknown, or the engine cannot run it.
    """
    for name, value, kind in (
        ("load_options", load_options, LoadOptions),
        ("encode_options", encode_options, EncodeOptions),
        ("limits", limits, Limits),
    ):
        if value is not None and not isinstance(value, kind):
            raise ModelError(f"{name}={value!r}: pass a forethought.{kind.__name__}(...)")
    if engine not in ENGINES:
        raise ModelError(f"unknown engine {engine!r}; known: {', '.join(ENGINES)}")
    folder = find(model, revision=revision)
    check_loader(folder)
    load_options = load_options or LoadOptions()
    load_options = replace(load_options, device=device or load_options.device or best_device())
    tokenizer = read_tokenizer(folder)
    found = recognise(folder, tokenizer, named=str(model), family=family)
    encode_options = encode_options or EncodeOptions()
    encoder = assemble(
        folder,
        found.family,
        tokenizer=tokenizer,
        backbone=load_checkpoint(folder, load_options),
        encode_options=encode_options,
        limits=limits,
        quantize=load_options.quantize,
    )
    origin = Origin(folder, found.family.name, load_options, encode_options, limits, engine)
    encoder = replace(encoder, origin=origin)
    return encoder if engine == "local" else _with_vllm(encoder, load_options)


def _with_vllm(encoder: ReasoningEncoder, load_options: LoadOptions) -> ReasoningEncoder:
    """The same encoder with vLLM decoding its rationales."""
    if load_options.quantize or load_options.device_map:
        raise ModelError(
            "engine='vllm' takes neither quantize nor device_map: leave them out, or use "
            "engine='local'"
        )
    return replace(encoder, engine=start_vllm(encoder.folder, encoder.local))


def assemble(
    folder: Path,
    family: Family,
    *,
    tokenizer: Tokenizer,
    backbone: QwenVL,
    encode_options: EncodeOptions,
    limits: Limits | None = None,
    quantize: str | None = None,
) -> ReasoningEncoder:
    """Put the renderer, backbone, engine and gate of a folder together.

    Raises:
        ModelError: if the weights cannot decode though the family writes rationales, or a file
            of the folder is wrong.
    """
    card = parse_card(folder)
    options = encode_options.over(card.settings)
    name = card.name or model_name(folder)
    image_processor = None
    if backbone.sees:
        image_processor = image_processor_for(load_image_processor(folder), family, options)
    layout = Layout(
        tokenizer,
        image_processor or NoPictures(name),
        backbone.placeholders.merge_size**2,
        context=backbone.context_length,
    )
    renderer = family.renderer(layout)
    if renderer.completion_format is not None and not backbone.has_lm_head:
        raise ModelError(
            f"{folder}: the weights lack lm_head.weight, which {family.title} decodes with; copy "
            "or train them again, or load it as a family that never thinks"
        )
    if isinstance(renderer, UmeR1Renderer):
        renderer = replace(renderer, blank=options.blank is not False)
    return ReasoningEncoder(
        name=name,
        revision=revision_of(folder),
        folder=folder,
        engine=LocalEngine(
            backbone,
            layout.pad_id,
            renderer.completion_format,
            limits or limits_for(backbone.device),
        ),
        renderer=renderer,
        family=family,
        gate=_gate(folder, backbone, renderer, threshold=options.threshold),
        decode_options=decode_options_for(card.budget or family.budget, options),
        instructions=card.instructions or texts_of(family.instructions),
        encode_options=options,
        settings=vector_settings(
            image_processor,
            dtype=str(backbone.dtype).removeprefix("torch."),
            quantize=quantize,
            blank=options.blank is not False,
        ),
    )


def read_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder.

    Raises:
        ModelError: if it is missing or unreadable.
    """
    try:
        return Tokenizer.from_str(
            checkpoint_file(folder, "tokenizer.json").read_text(encoding="utf-8")
        )
    except Exception as error:  # noqa: BLE001 - tokenizers raises nothing narrower
        raise ModelError(
            f"{folder}: no readable tokenizer.json ({error}); copy or train it again"
        ) from None


def best_device() -> str:
    """The first GPU if there is one, else the CPU."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _gate(
    folder: Path, backbone: QwenVL, renderer: Renderer, *, threshold: float | None
) -> Gate | None:
    if isinstance(renderer, MmembR1Renderer):
        think, embed = renderer.actions
        return ActionGate(backbone, think, embed, 0.5 if threshold is None else threshold)
    gate = load_gate(folder)
    return gate if gate is None or threshold is None else replace(gate, threshold=threshold)
