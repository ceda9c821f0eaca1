from forethought.annotation.prompts import chat_content
from forethought.types import Message, Side, Text


def content(instruction, prompt):
    message = Message((Text("a {instruction} bus"), Text("red")), instruction, Side.QUERY)
    return [part.words for part in chat_content(message, prompt) if isinstance(part, Text)]


def test_the_input_stands_before_the_prompt_with_its_instruction():
    assert content("Find it.", "By {instruction} think.") == [
        "Input:",
        "a {instruction} bus",
        "red",
        "\nBy Find it. think.",
    ]


def test_a_prompt_without_a_place_for_it_begins_with_the_instruction():
    assert content("Find it.", "Think.")[-1] == (
        "\nThe instruction of the search: Find it.\n\nThink."
    )


def test_an_input_without_an_instruction_has_a_general_one():
    assert content("", "{instruction}")[-1] == "\nFind what matches the input."
