import pytest

from forethought.annotation import CleaningRules, Rejection
from forethought.annotation.find_faults import find_fault, is_loop, is_refusal, words_of
from forethought.data import DocumentLine, PartLine

RULES = CleaningRules(min_words=3, max_words=12)


def document(text):
    return DocumentLine((PartLine(text=text),))


def test_words_are_counted_without_punctuation_and_by_character_where_there_are_no_spaces():
    assert words_of("It's a Red, red BUS!") == ["it's", "a", "red", "red", "bus"]
    assert words_of("\u5df4\u58ebbus") == ["\u5df4", "\u58eb", "bus"]


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry.",
        "Sorry, I cannot see a picture.",
        "Unfortunately, I am unable to view it.",
        "I cannot determine what this is.",
        "As an AI language model, I have no eyes.",
        "No image was provided.",
    ],
)
def test_refusals_are_known(text):
    assert is_refusal(text)
    assert find_fault("", text, RULES) is Rejection.REFUSAL


@pytest.mark.parametrize(
    "text",
    [
        "A sign that says: I cannot park here.",
        "The sorry state of a rusty bus.",
        "An aisle in a shop.",
        "A sorrel horse in a field.",
    ],
)
def test_a_rationale_is_no_refusal(text):
    assert not is_refusal(text)


def test_loops_are_known():
    five = "a red bus with two"
    assert is_loop(words_of(f"{five} decks {five} doors {five} wheels"))
    assert not is_loop(words_of(f"{five} decks {five} doors"))
    assert is_loop(["very"] * 5)
    assert not is_loop(["very"] * 4)
    assert not is_loop([])


@pytest.mark.parametrize(
    ("thinking", "answer", "fault"),
    [
        ("A red bus with two decks.", "London bus", None),
        ("", " … ", Rejection.EMPTY),
        ("A", "bus", Rejection.TOO_SHORT),
        ("one two three four five six", "seven eight nine ten eleven twelve", None),
        ("one two three four five six seven", "eight nine ten 11 12 13", Rejection.TOO_LONG),
        ("It must resemble the target.", "a bus", Rejection.NAMES_TARGET),
        ("It must resemble the intended target.", "a bus", Rejection.NAMES_TARGET),
        ("It hits a target with an arrow.", "archery", None),
        ("so very " + "red " * 5, "", Rejection.LOOP),
    ],
)
def test_each_fault_has_its_name(thinking, answer, fault):
    assert find_fault(thinking, answer, RULES) is fault


def test_thinking_that_repeats_the_other_side_states_the_label():
    others = [document("a tram"), document("London bus")]
    thinking = "Two decks: it is a LONDON, bus."
    assert find_fault(thinking, "bus", RULES, others=others) is Rejection.STATES_LABEL
    assert find_fault("Two decks, red.", "London bus", RULES, others=others) is None
    assert find_fault("It is a London busker.", "he", RULES, others=others) is None


def test_what_the_worker_was_given_is_no_label():
    given = "Which city has the London bus?"
    assert (
        find_fault("A London bus.", "x", RULES, others=[document("London bus")], given=given)
        is None
    )


def test_the_label_may_be_allowed():
    rules = CleaningRules(reject_label=False)
    assert find_fault("A London bus.", "x", rules, others=[document("London bus")]) is None
