"""The card of a model folder: what this package saved with the weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forethought.config import build
from forethought.encoders.instructions import Instructions
from forethought.encoders.options import EncodeOptions
from forethought.errors import ConfigError, ModelError
from forethought.types import ContentKind, Side

CARD = "forethought.json"


@dataclass(frozen=True, slots=True)
class Card:
    """The fields of a card that an encoder is assembled with; None where the card has none."""

    name: str | None = None
    budget: int | None = None
    instructions: Instructions | None = None
    settings: EncodeOptions = field(default_factory=EncodeOptions)


def read_card(folder: Path) -> dict[str, object]:
    """The card of a folder as it is written; empty if it has none.

    Raises:
        ModelError: if it is unreadable.
    """
    path = folder / CARD
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable {CARD} ({error}); copy it again, or remove it and pass family="
        ) from None


def parse_card(folder: Path) -> Card:
    """The checked card of a folder; an empty one if it has none.

    Raises:
        ModelError: if it is unreadable, or a field has a wrong value.
    """
    fields, where = read_card(folder), folder / CARD
    budget = fields.get("budget")
    if budget is not None and (not isinstance(budget, int) or isinstance(budget, bool)):
        raise ModelError(f"{where}: budget must be a whole number, got {budget!r}")
    return Card(
        name=str(fields["name"]) if "name" in fields else None,
        budget=budget,
        instructions=_instructions(fields.get("instructions"), where),
        settings=_settings(fields.get("settings", {}), where),
    )


def write_instructions(instructions: Instructions) -> dict[str, object]:
    """Instructions as a card holds them: one text a side, or a table where kinds differ."""
    written: dict[str, object] = {}
    for side, kinds in instructions.items():
        texts = set(kinds.values())
        by_kind = {kind.value: text for kind, text in kinds.items()}
        written[side.value] = texts.pop() if len(texts) == 1 else by_kind
    return written


def _instructions(given: object, where: Path) -> Instructions | None:
    if given is None:
        return None
    if not isinstance(given, dict) or set(given) != {*Side}:
        raise ModelError(f"{where}: instructions must be a table of query and document")
    return {
        Side(side): _kinds(texts, f"{where}: instructions of {side}")
        for side, texts in given.items()
    }


def _kinds(given: object, where: str) -> Mapping[ContentKind, str]:
    if isinstance(given, str):
        return dict.fromkeys(ContentKind, given)
    if not isinstance(given, dict) or set(given) != {*ContentKind}:
        raise ModelError(f"{where} must be one string, or one for each of {', '.join(ContentKind)}")
    return {ContentKind(kind): str(text) for kind, text in given.items()}


def _settings(given: object, where: Path) -> EncodeOptions:
    if not isinstance(given, dict):
        raise ModelError(f"{where}: settings must be a table, got {given!r}")
    try:
        return build(given, EncodeOptions, where=f"{where}: settings")
    except ConfigError as error:
        raise ModelError(f"{error}; save the model again") from None
