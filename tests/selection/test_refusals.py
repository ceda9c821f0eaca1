import json

import pytest

from forethought.data import Candidate, parse_line
from forethought.selection.refusals import refusal_of
from forethought.types import Side
from tests.selection.conftest import example

LINE = parse_line(json.dumps(example("where?", "San José")).encode(), "line 1")


def candidate(thinking, answer="there", **fields):
    settings = {"line": 0, "side": Side.QUERY, "worker": "w", "sample": 0, "input": "", **fields}
    return Candidate(thinking=thinking, answer=answer, **settings)


@pytest.mark.parametrize(
    ("thinking", "refusal"),
    [
        ("It is a capital in Central America.", ""),
        ("It is san josé, clearly.", "states the label"),
        ("San Joséphine is another one.", ""),
        ("The target is a capital.", "speaks of the target"),
        ("So the correct answer option is a capital.", "speaks of the target"),
        ("A target is drawn on the wall.", ""),
    ],
)
def test_what_repeats_or_names_the_other_side_is_refused(thinking, refusal):
    assert refusal_of(candidate(thinking), LINE, allow_label=False) == refusal
    assert not refusal_of(candidate(thinking), LINE, allow_label=True)


def test_the_answer_and_the_rationale_of_a_document_may_hold_the_text():
    assert not refusal_of(candidate("x", "San José"), LINE, allow_label=False)
    document = candidate("San José", side=Side.DOCUMENT)
    assert not refusal_of(document, LINE, allow_label=False)


def test_rejected_and_empty_candidates_are_refused_always():
    for one, refusal in (
        (candidate("x", rejected="too long"), "rejected when it was written"),
        (candidate(" ", " \n"), "empty"),
    ):
        assert refusal_of(one, LINE, allow_label=True) == refusal
