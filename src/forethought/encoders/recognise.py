"""Which family a checkpoint belongs to, and why."""

from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from forethought.backbones import architecture_of
from forethought.encoders.card import CARD, read_card
from forethought.encoders.families import FAMILIES, Family
from forethought.errors import ModelError
from forethought.renderers import Tag


@dataclass(frozen=True, slots=True)
class Recognised:
    """A family and how it was recognised."""

    family: Family
    why: str


def recognise(
    folder: Path, tokenizer: Tokenizer, *, named: str = "", family: str | None = None
) -> Recognised:
    """Determine a checkpoint's family: `family`, else its card, repository name or tokens.

    `named` is what the caller passed as the model, which may be a repository's name.

    Raises:
        ModelError: if the family is unknown; the message lists what would fit.
    """
    if family is not None:
        return Recognised(_known(family, folder), "set by the caller")
    if (folder / CARD).is_file():
        return Recognised(_known(str(read_card(folder).get("family")), folder), f"its {CARD}")
    for candidate in FAMILIES.values():
        if named in candidate.repositories:
            return Recognised(candidate, f"the repository {named}")
    return _by_tokens(folder, tokenizer)


def check_loader(folder: Path) -> None:
    """Refuse a folder whose card names a loader of its own, which is printed and never imported.

    An unreadable card is left to `recognise`.

    Raises:
        ModelError: naming that loader.
    """
    try:
        card = read_card(folder)
    except ModelError:
        return
    if "loader" in card:
        raise ModelError(
            f"{folder}: family is {str(card.get('family'))!r}, which is not among those that "
            f"`forethought.load` reads ({', '.join(sorted(FAMILIES))}); load it with "
            f"{card['loader']}"
        )


def _known(name: str, folder: Path) -> Family:
    if name not in FAMILIES:
        raise ModelError(f"{folder}: family is {name!r}; known: {', '.join(sorted(FAMILIES))}")
    return FAMILIES[name]


def _by_tokens(folder: Path, tokenizer: Tokenizer) -> Recognised:
    architecture = architecture_of(folder)
    present = {tag for tag in Tag if tokenizer.token_to_id(tag.value) is not None}
    for family in FAMILIES.values():
        # Our own format is recognised by its card alone; plain embedders have no token of theirs.
        by_tokens = family.embeds and family.name != "forethought"
        if by_tokens and architecture in family.architectures and {*family.embeds} <= present:
            tokens = " and ".join(family.embeds)
            return Recognised(family, f"{architecture} whose tokenizer holds {tokens}")
    fitting = [f for f in FAMILIES.values() if architecture in f.architectures]
    reasons = "; ".join(_mismatch(family, present) for family in fitting)
    raise ModelError(
        f"{folder}: {architecture} whose family its tokens do not tell ({reasons or 'none fits'}); "
        "name what it was trained as with family=..., or train one that has the tokens with "
        "`forethought train`"
    )


def _mismatch(family: Family, present: set[Tag]) -> str:
    """Why a checkpoint was not recognised as this family."""
    lacking = [tag for tag in family.embeds if tag not in present]
    if lacking:
        return f"{family.name} lacks {', '.join(lacking)}"
    mark = f"a {CARD}" if family.name == "forethought" else "no token of its own"
    return f"{family.name} has {mark}"
