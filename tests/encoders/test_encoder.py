import numpy as np
import pytest

from forethought.encoders import as_choice, as_message, as_messages
from forethought.errors import ContentError, ModelError
from forethought.types import Image, Message, Side, Text, Think

PICTURE = Image(np.zeros((2, 3, 3), np.uint8))


def wrap(*inputs):
    return as_messages(inputs, side=Side.DOCUMENT, instruction="Picture.")


@pytest.mark.parametrize(
    ("shown", "content"),
    [
        ("a cup", (Text("a cup"),)),
        (Text("a cup"), (Text("a cup"),)),
        (PICTURE, (PICTURE,)),
        ([PICTURE, Text("a cup")], (PICTURE, Text("a cup"))),
    ],
)
def test_whatever_is_shown_becomes_a_message(shown, content):
    found = as_message(shown, side=Side.DOCUMENT, instruction="Picture.")
    assert found == Message(content, "Picture.", Side.DOCUMENT)


def test_a_message_keeps_its_own_instruction():
    asked = Message((Text("a cup"),), "Find it.", Side.DOCUMENT)
    assert wrap(asked) == [asked]


def test_a_message_of_the_other_side_is_refused():
    asked = Message((Text("a cup"),), "Find it.", Side.QUERY)
    with pytest.raises(
        ContentError, match=r"input 0: message stands on the query side, .*document"
    ):
        wrap(asked)


@pytest.mark.parametrize(("bad", "said"), [("  ", "text is empty"), ([], "no content")])
def test_an_input_that_cannot_be_embedded_is_named(bad, said):
    with pytest.raises(ContentError, match=f"^input 2: .*{said}"):
        wrap("a", "b", bad)


def test_a_bare_string_is_not_read_letter_by_letter():
    with pytest.raises(TypeError, match=r"inputs is one string, 'cup'; pass a list: \['cup'\]"):
        as_messages("cup", side=Side.QUERY, instruction="")


@pytest.mark.parametrize("think", Think)
def test_a_word_and_the_choice_it_names_are_the_same(think):
    assert as_choice(Think, think.value) is as_choice(Think, think) is think


def test_an_unknown_word_is_refused():
    with pytest.raises(ModelError, match="unknown think 'maybe'; known: never, always, auto"):
        as_choice(Think, "maybe")
