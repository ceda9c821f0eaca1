"""What a family and a gate make of `think`."""

import logging
from functools import cache

from forethought.encoders.families import Family
from forethought.encoders.gate import Gate
from forethought.errors import ModelError
from forethought.types import Side, Think

_log = logging.getLogger(__name__)


def supported_think(
    think: Think, side: Side, *, model: str, family: Family, gate: Gate | None
) -> Think:
    """`think` after the family and the gate: AUTO remains only where the gate decides.

    Without a gate, AUTO is what a family of fixed sides does, and else NEVER, with one warning.

    Raises:
        ModelError: if the family does not think on this side.
    """
    is_supported = side in family.thinks
    if think is Think.ALWAYS and not is_supported:
        sides = ", ".join(sorted(family.thinks)) or "no"
        raise ModelError(
            f"{model} ({family.title}) cannot think on the {side} side, only on {sides} side; use "
            "think='never' or 'auto'"
        )
    if think is not Think.AUTO or gate is not None:
        return think if is_supported else Think.NEVER
    if family.thinks == set(Side):
        _say_no_gate(model)
        return Think.NEVER
    return Think.ALWAYS if is_supported else Think.NEVER


@cache
def _say_no_gate(model: str) -> None:
    """Say, once a model, what think='auto' means without a gate."""
    _log.warning(
        "%s has no gate, so think='auto' embeds directly; think='always' writes a rationale", model
    )
