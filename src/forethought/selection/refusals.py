"""Candidates that may not be selected, whatever their effect."""

import re

from forethought.data import Candidate, ExampleLine, find_leak
from forethought.types import Side

REJECTED = "rejected when it was written"
STATES_LABEL = "states the label"
NAMES_TARGET = "speaks of the target"
EMPTY = "empty"

_TARGET = re.compile(
    r"\b(?:the|this|its) (?:target|positive|label|ground truth|(?:correct|right|matching|true) "
    r"(?:candidate|document|answer option))\b",
    re.IGNORECASE,
)


def refusal_of(candidate: Candidate, line: ExampleLine, *, allow_label: bool) -> str:
    """Why a candidate is refused; empty if it is not.

    A rationale of a query states the label if its thinking repeats the text of a positive word
    for word; its answer may. It speaks of the target if it names the other side of the pair,
    which its writer is not given. With `allow_label` neither is a reason.
    """
    if candidate.rejected:
        return REJECTED
    if not (candidate.thinking.strip() or candidate.answer.strip()):
        return EMPTY
    if allow_label:
        return ""
    if _TARGET.search(candidate.thinking):
        return NAMES_TARGET
    is_leak = candidate.side is Side.QUERY and find_leak(candidate.thinking, line.positives)
    return STATES_LABEL if is_leak else ""
