"""From a name or a folder to an encoder."""

import json
from importlib.resources import files
from pathlib import Path

import torch
from tokenizers import Tokenizer

from forethought.backbones import load_checkpoint, load_patchifier, revision_of
from forethought.encoders.encoder import Encoder
from forethought.encoders.gate import load_gate
from forethought.encoders.reasoning import ReasoningEncoder
from forethought.engines import LocalEngine
from forethought.errors import ModelError
from forethought.renderers import ForethoughtRenderer, Tag
from forethought.types import Side

CARD = "forethought.json"
"""The file that makes a folder one of ours: family, budget, instructions."""


def load(model: str | Path, *, device: str | None = None) -> Encoder:
    """Load an encoder that ships with the package, by name, or any folder of ours.

    It runs on `device`, by default the first GPU if there is one.

    Raises:
        ModelError: if there is no such model or its files are not whole.
    """
    folder = find(model)
    card = _card(folder)
    if card["family"] == "afternoon":
        # Its towers need code that no other family does.
        from forethought.encoders.afternoon import AfternoonEncoder  # noqa: PLC0415

        return AfternoonEncoder.load(folder)
    return load_reasoning(folder, card, torch.device(device or _best_device()))


def find(model: str | Path) -> Path:
    """Locate a model: a folder, or a name among those that ship.

    Raises:
        ModelError: if there is none.
    """
    if Path(model).is_dir():
        return Path(model)
    for home in _homes():
        if (home / model / CARD).is_file():
            return home / model
    known = sorted({card.parent.name for home in _homes() for card in home.glob(f"*/{CARD}")})
    raise ModelError(
        f"unknown model {str(model)!r}: name a folder that holds {CARD}, or one of "
        f"{', '.join(known) or 'none (this installation ships no model)'}"
    )


def _homes() -> list[Path]:
    package = Path(str(files("forethought")))
    # In a checkout the models lie beside src; in an installed wheel, inside the package.
    return [package / "models", package.parent.parent / "models"]


def _card(folder: Path) -> dict[str, object]:
    try:
        card: dict[str, object] = dict(json.loads((folder / CARD).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable {CARD} ({error}); it marks a model that "
            "`forethought train` wrote"
        ) from None
    if card.get("family") not in {"forethought", "afternoon"}:
        raise ModelError(
            f"{folder}: family is {card.get('family')!r}; known: afternoon, forethought"
        )
    return card


def load_reasoning(folder: Path, card: dict[str, object], device: torch.device) -> ReasoningEncoder:
    """Put renderer, backbone, engine and gate of one folder together."""
    instructions, budget = card.get("instructions"), card.get("budget")
    if not isinstance(instructions, dict) or set(instructions) != {*Side}:
        raise ModelError(f"{folder / CARD}: instructions must be a table of query and document")
    if not isinstance(budget, int):
        raise ModelError(f"{folder / CARD}: budget must be a whole number, got {budget!r}")
    backbone = load_checkpoint(folder, dtype=torch.float32, device=device)
    renderer = ForethoughtRenderer(
        tokenizer=_tokenizer(folder),
        patchify=load_patchifier(folder),
        patches_per_token=backbone.merge_size**2,
        context=backbone.context,
    )
    engine = LocalEngine(
        backbone,
        embed_id=renderer.token_id(Tag.THOUGHT),
        end_id=renderer.token_id(Tag.END),
        pad_id=renderer.token_id(Tag.PAD),
        forbidden=renderer.forbidden,
    )
    return ReasoningEncoder(
        name=str(card.get("name", folder.name)),
        revision=revision_of(folder),
        engine=engine,
        renderer=renderer,
        gate=load_gate(folder),
        budget=budget,
        instructions={Side(side): str(words) for side, words in instructions.items()},
    )


def _tokenizer(folder: Path) -> Tokenizer:
    try:
        return Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
    except Exception as error:  # noqa: BLE001 - tokenizers raises nothing narrower
        raise ModelError(
            f"{folder}: no readable tokenizer.json ({error}); copy or train it again"
        ) from None


def _best_device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
