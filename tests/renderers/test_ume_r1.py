import pytest

from forethought.renderers import read_ume_r1_completion, read_ume_r1_prompt
from forethought.types import Ending, Rationale
from tests.published_data import conversations


def test_the_task_is_the_text_before_the_direct_tag():
    human, _ = conversations("What is it?", "<image>", "A bus.", "bus")
    assert read_ume_r1_prompt(human["value"]) == "<image>\nWhat is it?\n"


def test_a_published_turn_is_a_rationale():
    _, written = conversations("What is it?", "<image>", "A red bus,\ntwo decks.", "bus")
    expected = Rationale("A red bus,\ntwo decks.", "bus", Ending.EMBED)
    assert read_ume_r1_completion(written["value"]) == expected


@pytest.mark.parametrize(
    ("turn", "answer"),
    [
        ("<think>a</think>\n<answer>b\n<gen_emb>", "b"),
        ("\n<think>a</think><answer>b<gen_emb>\n", "b"),
        (
            "<think>a</think><answer><|begin_of_box|>b<|end_of_box|>\n<gen_emb>",
            "<|begin_of_box|>b<|end_of_box|>",
        ),
    ],
)
def test_white_space_around_its_parts_means_nothing_and_other_marks_stay(turn, answer):
    assert read_ume_r1_completion(turn) == Rationale("a", answer, Ending.EMBED)


@pytest.mark.parametrize(
    "turn", ["", "a bus", "<think>a</think>b<gen_emb>", "<think>a</think><answer>b"]
)
def test_a_turn_of_another_form_is_refused(turn):
    with pytest.raises(ValueError, match="no rationale in"):
        read_ume_r1_completion(turn)


def test_a_prompt_without_the_direct_tag_is_refused():
    with pytest.raises(ValueError, match="no <disc_emb> in the prompt 'What is it"):
        read_ume_r1_prompt("What is it?")
