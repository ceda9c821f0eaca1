"""Which family a checkpoint belongs to, and why."""

import json
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from forethought.backbones import architecture_of
from forethought.encoders.families import FAMILIES, Family
from forethought.errors import ModelError
from forethought.renderers import Tag

CARD = "forethought.json"
"""The file that makes a folder one of ours: family, budget, instructions."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A family and the reason it was taken for this one."""

    family: Family
    why: str


def recognise(
    folder: Path, tokenizer: Tokenizer, *, named: str = "", family: str | None = None
) -> Recognised:
    """Tell a checkpoint's family: as told, by its card, its repository or its tokens.

    `named` is what the caller called it, which may be a repository's name.

    Raises:
        ModelError: if it is none that is known; the message says which would fit.
    """
    if family is not None:
        return Recognised(_known(family, folder), "as told")
    if (folder / CARD).is_file():
        return Recognised(_known(str(read_card(folder).get("family")), folder), f"its {CARD}")
    for candidate in FAMILIES.values():
        if named in candidate.repositories:
            return Recognised(candidate, f"the repository {named}")
    return _by_tokens(folder, tokenizer)


def read_card(folder: Path) -> dict[str, object]:
    """A folder's own card.

    Raises:
        ModelError: if it is missing or unreadable.
    """
    try:
        return dict(json.loads((folder / CARD).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{folder}: no readable {CARD} ({error}); it marks a model that "
            "`forethought train` wrote"
        ) from None


def _known(name: str, folder: Path) -> Family:
    if name not in FAMILIES:
        raise ModelError(f"{folder}: family is {name!r}; known: {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name]


def _by_tokens(folder: Path, tokenizer: Tokenizer) -> Recognised:
    architecture = architecture_of(folder)
    held = {tag for tag in Tag if tokenizer.token_to_id(tag.value) is not None}
    for family in FAMILIES.values():
        # Without its card a folder of ours is no longer ours, and plain embedders have no mark.
        published = family.embeds and family.name != "forethought"
        if published and family.architecture == architecture and {*family.embeds} <= held:
            tokens = " and ".join(family.embeds)
            return Recognised(family, f"{architecture} whose tokenizer holds {tokens}")
    fitting = [f for f in FAMILIES.values() if f.architecture == architecture]
    told = "; ".join(_lacks(family, held) for family in fitting)
    raise ModelError(
        f"{folder}: {architecture} of no family that its tokens tell ({told or 'none fits'}); name "
        "what it was trained as with family=..., or train one that has the tokens with "
        "`forethought train`"
    )


def _lacks(family: Family, held: set[Tag]) -> str:
    lacking = [tag for tag in family.embeds if tag not in held]
    if lacking:
        return f"{family.name} lacks {', '.join(lacking)}"
    mark = f"a {CARD}" if family.name == "forethought" else "no mark"
    return f"{family.name} has {mark}"
