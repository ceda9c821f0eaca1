import pytest

from forethought.errors import ContentError
from forethought.types import Message, Side, Text
from tests.types.unchecked import unchecked


def test_a_message_without_content_is_refused():
    with pytest.raises(ContentError, match="message has no content: give it at least one"):
        Message((), "Find it.", Side.QUERY)


def test_content_and_side_may_be_given_as_a_list_and_a_string():
    parts = [Text("a bus"), Text("red")]
    message = unchecked(Message, content=parts, instruction="Find it.", side="document")
    parts.append(Text("blue"))
    assert message.content == (Text("a bus"), Text("red"))
    assert message.side is Side.DOCUMENT


@pytest.mark.parametrize(
    ("content", "instruction", "side", "rule"),
    [
        ("a bus", "", "query", "a message is a tuple, got str: give it as .part,."),
        (Text("a bus"), "", "query", "a message is a tuple, got Text"),
        ({Text("a bus")}, "", "query", "a message is a tuple, got set"),
        (("a bus",), "", "query", "content is ft.Text, ft.Image or ft.Video, got str"),
        ((None,), "", "query", "got NoneType"),
        ((Text("a bus"),), None, "query", "an instruction is a string, got NoneType; '' is none"),
        ((Text("a bus"),), b"Find.", "query", "an instruction is a string, got bytes"),
        ((Text("a bus"),), "a \ud83d", "query", "instruction .* is no Unicode at 2"),
        ((Text("a bus"),), "", "queries", "unknown side 'queries'; the sides are query, document"),
        ((Text("a bus"),), "", None, "unknown side None"),
    ],
)
def test_parts_of_another_type_are_refused(content, instruction, side, rule):
    with pytest.raises(ContentError, match=rule):
        unchecked(Message, content=content, instruction=instruction, side=side)
