"""The candidates of a file under the rules of cleaning: a function of what was written alone.

It is applied to each reply as it comes and to the whole file at the end, so the order of replies
does not matter, and changed rules apply to replies that were paid for before.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from forethought.annotation.clean_text import parts_of
from forethought.annotation.find_faults import find_fault
from forethought.annotation.near_duplicates import near_duplicates
from forethought.annotation.rejection import FINAL, CleaningRules, Rejection
from forethought.data import Candidate, DocumentLine, ExampleLine, QueryLine
from forethought.types import Side

_DECIDED_AGAIN = {*Rejection} - FINAL


def clean_candidate(candidate: Candidate, rules: CleaningRules, line: ExampleLine) -> Candidate:
    """A candidate with its parts stripped and split, or as it was written with the reason.

    One without an answer is text that is not split yet. A reason that does not come from these
    rules stays.
    """
    if candidate.rejected and candidate.rejected not in _DECIDED_AGAIN:
        return candidate
    thinking, answer = parts_of(candidate.thinking, candidate.answer)
    side, others = _sides(candidate, line)
    given = " ".join([side.instruction, *(part.text for part in side.content if part.text)])
    fault = find_fault(thinking, answer, rules, others=others, given=given)
    if fault is not None:
        return replace(candidate, rejected=fault.value)
    return replace(candidate, thinking=thinking, answer=answer, rejected="")


def reject_duplicates(candidates: Sequence[Candidate], *, distance: float) -> list[Candidate]:
    """The same candidates, those rejected that nearly repeat an earlier one of their input.

    Candidates of one input stand together.
    """
    found: list[Candidate] = []
    for _, group in groupby(candidates, key=lambda one: one.key):
        rows = list(group)
        usable = [index for index, one in enumerate(rows) if not one.rejected]
        texts = [f"{rows[index].thinking} {rows[index].answer}" for index in usable]
        for index in near_duplicates(texts, distance=distance):
            at = usable[index]
            rows[at] = replace(rows[at], rejected=Rejection.DUPLICATE.value)
        found += rows
    return found


def _sides(
    candidate: Candidate, line: ExampleLine
) -> tuple[QueryLine | DocumentLine, tuple[DocumentLine, ...]]:
    """The side it is about, and the other side."""
    if candidate.side is Side.QUERY:
        return line.query, line.positives
    return line.positives[candidate.document], (DocumentLine(line.query.content),)
