"""From a name or a folder to an encoder."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from tokenizers import Tokenizer

from forethought.backbones import (
    LoadOptions,
    QwenVL,
    checkpoint_file,
    load_checkpoint,
    load_image_processor,
    revision_of,
)
from forethought.encoders.encoder import Encoder
from forethought.encoders.families import Family
from forethought.encoders.gate import ActionGate, Gate, load_gate
from forethought.encoders.options import EncodeOptions, look, write
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.encoders.recognise import CARD, read_card, recognise
from forethought.engines import Limits, LocalEngine, limits_for, start_vllm
from forethought.errors import ModelError
from forethought.renderers import Layout, MmembR1Renderer, Renderer, UmeR1Renderer
from forethought.types import Side

HUB_FILES = ("*.json", "*.safetensors", "*.txt", "*.jinja")
"""What is taken from a repository on the hub: never code, never a pickle."""
ENGINES = ("local", "vllm")


def load(
    model: str | Path,
    *,
    family: str | None = None,
    revision: str | None = None,
    device: str | None = None,
    loading: LoadOptions | None = None,
    reading: EncodeOptions | None = None,
    limits: Limits | None = None,
    engine: str = "local",
) -> Encoder:
    """Load an encoder: one that ships, a folder, or a repository on the hub.

    Args:
        family: what the checkpoint was trained as; recognised by itself where it can be.
        revision: the branch, tag or commit of a repository.
        device: where it runs, by default the first GPU if there is one.
        loading: precision, attention, quantisation; by default float32 on a CPU and the
            checkpoint's own precision on a GPU.
        reading: pixels, frames, budget; by default the family's published ones.
        limits: how much is read and kept at once; `encode` says how many rows.
        engine: who writes rationales: "local", this process, or "vllm", where it is installed.

    Raises:
        ModelError: if there is no such model, its files are not whole, it is of no family, or
            the engine cannot run it.
    """
    for given, kind in ((loading, LoadOptions), (reading, EncodeOptions), (limits, Limits)):
        if given is not None and not isinstance(given, kind):
            name = kind.__name__
            raise ModelError(f"{name.lower()}={given!r}: make it as forethought.{name}(...)")
    if engine not in ENGINES:
        raise ModelError(f"unknown engine {engine!r}; known: {', '.join(ENGINES)}")
    folder = find(model, revision=revision)
    if (
        family is None
        and (folder / CARD).is_file()
        and read_card(folder)["family"] == "frozen_baseline"
    ):
        # Its towers need code that no other family does.
        from forethought.nano import FrozenBaseline  # noqa: PLC0415

        if engine != "local":
            raise ModelError(f"{folder}: the frozen_baseline family never writes; load it as it is")
        return FrozenBaseline.load(folder)
    loading = loading or LoadOptions()
    chosen = replace(loading, device=device or loading.device or best_device())
    tokenizer = read_tokenizer(folder)
    found = recognise(folder, tokenizer, named=str(model), family=family)
    encoder = assemble(
        folder,
        found.family,
        tokenizer=tokenizer,
        backbone=load_checkpoint(folder, chosen),
        reading=reading or EncodeOptions(),
        limits=limits,
    )
    return encoder if engine == "local" else _served(encoder, chosen)


def _served(encoder: ReasoningEncoder, loading: LoadOptions) -> ReasoningEncoder:
    """The same encoder with vLLM writing its rationales."""
    if loading.quantize or loading.device_map:
        raise ModelError(
            "engine='vllm' takes neither quantize nor device_map: leave them out, or use "
            "engine='local'"
        )
    return replace(encoder, engine=start_vllm(encoder.folder, encoder.local))


def find(model: str | Path, *, revision: str | None = None) -> Path:
    """Locate a model: a folder, a name among those that ship, or a repository on the hub.

    Raises:
        ModelError: if there is none.
    """
    if Path(model).is_dir():
        return Path(model)
    for home in _homes():
        if (home / model / CARD).is_file():
            return home / model
    if str(model).count("/") == 1 and not str(model).startswith((".", "/", "~")):
        return _from_hub(str(model), revision)
    known = sorted({card.parent.name for home in _homes() for card in home.glob(f"*/{CARD}")})
    raise ModelError(
        f"unknown model {str(model)!r}: name a folder that holds a checkpoint, a repository as "
        f"owner/name, or one of {', '.join(known) or 'none (this installation ships no model)'}"
    )


def assemble(
    folder: Path,
    family: Family,
    *,
    tokenizer: Tokenizer,
    backbone: QwenVL,
    reading: EncodeOptions,
    limits: Limits | None = None,
) -> ReasoningEncoder:
    """Put renderer, backbone, engine and gate of one folder together."""
    image_processor = look(load_image_processor(folder), family, reading)
    layout = Layout(
        tokenizer,
        image_processor,
        backbone.placeholders.merge_size**2,
        context=backbone.context_length,
    )
    renderer = family.renderer(layout)
    if renderer.completion_format is not None and not backbone.has_lm_head:
        raise ModelError(
            f"{folder}: the weights lack lm_head.weight, with which {family.title} writes; copy or "
            "train them again, or load it as a family that never thinks"
        )
    if isinstance(renderer, UmeR1Renderer):
        renderer = replace(renderer, blank=reading.blank)
    card = read_card(folder) if (folder / CARD).is_file() else {}
    return ReasoningEncoder(
        name=str(card.get("name", _name(folder))),
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
        gate=_gate(folder, backbone, renderer, threshold=reading.threshold),
        decode_options=write(_budget(folder, card, family), reading),
        instructions=_instructions(folder, card, family),
    )


def read_tokenizer(folder: Path) -> Tokenizer:
    """A folder's tokenizer.

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


def _homes() -> list[Path]:
    package = Path(str(files("forethought")))
    # In a checkout the models lie beside src; in an installed wheel, inside the package.
    return [package / "models", package.parent.parent / "models"]


def _from_hub(name: str, revision: str | None) -> Path:
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(HUB_FILES)))
    except Exception as error:  # noqa: BLE001 - network, hub and disk each raise their own
        told = str(error).strip().splitlines()
        raise ModelError(
            f"{name}: neither a folder here nor to be had from the hub ({told[0] if told else ''}); "
            "check the name and the network, or download it and name its folder"
        ) from None


def _name(folder: Path) -> str:
    """A folder's name; a hub snapshot's is its repository's, not its commit's."""
    whole = folder.resolve()
    if whole.parent.name == "snapshots":
        return whole.parent.parent.name.removeprefix("models--").replace("--", "/")
    return whole.name


def _gate(
    folder: Path, backbone: QwenVL, renderer: Renderer, *, threshold: float | None
) -> Gate | None:
    if isinstance(renderer, MmembR1Renderer):
        think, embed = renderer.actions
        return ActionGate(backbone, think, embed, 0.5 if threshold is None else threshold)
    gate = load_gate(folder)
    return gate if gate is None or threshold is None else replace(gate, threshold=threshold)


def _budget(folder: Path, card: dict[str, object], family: Family) -> int:
    budget = card.get("budget", family.budget)
    if not isinstance(budget, int):
        raise ModelError(f"{folder / CARD}: budget must be a whole number, got {budget!r}")
    return budget


def _instructions(folder: Path, card: dict[str, object], family: Family) -> dict[Side, str]:
    told = card.get(
        "instructions", {side.value: words for side, words in family.instructions.items()}
    )
    if not isinstance(told, dict) or set(told) != {*Side}:
        raise ModelError(f"{folder / CARD}: instructions must be a table of query and document")
    return {Side(side): str(words) for side, words in told.items()}
