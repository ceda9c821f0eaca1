import hypothesis
import pytest
from hypothesis import strategies

from forethought.annotation.clean_text import parts_of, split_summary, strip_wrappers
from forethought.renderers import Tag


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("A red bus.", "A red bus."),
        ("  A red bus.\n", "A red bus."),
        ("```\nA red bus.\n```", "A red bus."),
        ("```text\nA red bus.\nTwo decks.\n```", "A red bus.\nTwo decks."),
        ("Sure, here is the rationale: A red bus.", "A red bus."),
        ("Certainly! Here's a short analysis:\nA red bus.", "A red bus."),
        ("Here\u2019s what matters: A red bus.", "A red bus."),
        ("**Rationale:** A red bus.", "A red bus."),
        ("## Analysis: A **red** bus.", "A red bus."),
        ("- A red bus.\n- Two decks.", "A red bus.\nTwo decks."),
        ('"A red bus."', "A red bus."),
        ('"A" and "B"', '"A" and "B"'),
        ("Surely here: a bus.", "Surely here: a bus."),
        ("There are two decks: a bus.", "There are two decks: a bus."),
        (f"{Tag.THINK}Hm, well.{Tag.THINK_END}\n\nA red bus.", "A red bus."),
        (f"Hm, well.{Tag.THINK_END}A red bus.", "A red bus."),
        (f"{Tag.THINK}Hm, and then", ""),
        (f"A red bus.{Tag.EMBED}", "A red bus."),
        (f"{Tag.ANSWER}A red bus.</answer>", "A red bus."),
    ],
)
def test_wrappers_are_stripped(written, left):
    assert strip_wrappers(written) == left


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("A bus. It is red.\nSummary: a red bus", ("A bus. It is red.", "a red bus")),
        ("Summary: one. Then more.\nsummary: a bus", ("Summary: one. Then more.", "a bus")),
        ("A bus. It is red! A red bus.", ("A bus. It is red!", "A red bus.")),
        ("A red bus of 3.5 m", ("", "A red bus of 3.5 m")),
        ("A bus. It is red.\nSummary:", ("A bus.", "It is red.")),
        ("\u5df4\u58eb\u3002\u7ea2\u8272\u3002", ("\u5df4\u58eb\u3002", "\u7ea2\u8272\u3002")),
        ("", ("", "")),
    ],
)
def test_the_summary_is_the_answer(text, parts):
    assert split_summary(text) == parts


def test_parts_are_stripped_and_on_one_line():
    written = "Sure! Here is it:\nA bus,\n  red.\n**Summary:** **London  bus**"
    assert parts_of(written, "") == ("A bus, red.", "London bus")
    assert parts_of("a\nb", ' "c" ') == ("a b", "c")


_PIECES = strategies.sampled_from(
    [
        "Summary:",
        "Sure, ",
        "Here is it: ",
        "a",
        "bus.",
        "\n",
        " ",
        "```\n",
        "**",
        '"',
        Tag.THINK_END,
    ]
)


@hypothesis.given(strategies.lists(_PIECES, max_size=9).map("".join))
def test_applied_to_its_own_result_it_changes_nothing(text):
    thinking, answer = parts_of(text, "")
    assert bool(answer) >= bool(thinking)
    assert parts_of(thinking, answer) == (thinking, answer)
