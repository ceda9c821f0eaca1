import dataclasses

import pytest

from forethought.annotation import CleaningRules
from forethought.annotation.clean_candidates import clean_candidate, reject_duplicates
from forethought.data import Candidate, DocumentLine, ExampleLine, PartLine, QueryLine
from forethought.types import Side

RULES = CleaningRules(min_words=2, max_words=9)


def part(text):
    return (PartLine(text=text),)


LINE = ExampleLine(
    QueryLine(part("what is red?")), (DocumentLine(part("fire engine")), DocumentLine(part("bus")))
)


def candidate(thinking, answer="", **fields):
    given = {"line": 0, "side": Side.QUERY, "worker": "w", "sample": 0, "input": "d", **fields}
    return Candidate(thinking=thinking, answer=answer, **given)


def test_a_usable_reply_is_split():
    found = clean_candidate(candidate("Sure! Red.\nSummary: it is red"), RULES, LINE)
    assert (found.thinking, found.answer, found.rejected) == ("Red.", "it is red", "")


def test_a_rejected_reply_keeps_its_text():
    written = candidate("I'm sorry, no.\nSummary: nothing")
    found = clean_candidate(written, RULES, LINE)
    assert found == dataclasses.replace(written, rejected="refusal")


def test_the_query_is_the_other_side_of_a_document():
    about = {"side": Side.DOCUMENT, "document": 1}
    found = clean_candidate(candidate("One asks what is red? Bus.", "bus", **about), RULES, LINE)
    assert found.rejected == "states the label"
    assert clean_candidate(candidate("A bus, red.", "bus", **about), RULES, LINE).rejected == ""


def test_changed_limits_decide_again():
    written = candidate("one two three four five six seven eight nine. ten")
    rejected = clean_candidate(written, RULES, LINE)
    assert rejected.rejected == "too long"
    wider = dataclasses.replace(RULES, max_words=10)
    found = clean_candidate(rejected, wider, LINE)
    assert (found.answer, found.rejected) == ("ten", "")
    again = clean_candidate(found, RULES, LINE)
    assert again.rejected == "too long"


@pytest.mark.parametrize("reason", ["cut off", "filtered", "loop", "by hand"])
def test_a_reason_that_is_not_of_the_text_stays(reason):
    written = candidate("A red bus.", "bus", rejected=reason)
    assert clean_candidate(written, RULES, LINE) == written


def test_only_usable_candidates_of_one_input_are_compared():
    rows = [
        candidate("A red bus.", "bus", rejected="too short"),
        candidate("A red bus.", "bus", sample=1),
        candidate("A red bus!", "bus", sample=2),
        candidate("A red bus.", "bus", line=1),
        candidate("A red bus.", "bus", line=1, side=Side.DOCUMENT),
    ]
    found = reject_duplicates(rows, distance=0.1)
    assert [one.rejected for one in found] == ["too short", "", "near duplicate", "", ""]
    assert [one.thinking for one in found] == [one.thinking for one in rows]
