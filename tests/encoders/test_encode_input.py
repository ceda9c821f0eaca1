import numpy as np
import PIL.Image
import pytest

from forethought.encoders import as_message, as_messages
from forethought.encoders.encode_input import contents_of
from forethought.errors import ContentError
from forethought.types import Image, Message, Side, Text

PICTURE = Image(np.zeros((2, 3, 3), np.uint8))


def wrap(*inputs):
    return as_messages(inputs, side=Side.DOCUMENT, instruction="Picture.")


@pytest.mark.parametrize(
    ("item", "content"),
    [
        ("a cup", (Text("a cup"),)),
        (Text("a cup"), (Text("a cup"),)),
        (PICTURE, (PICTURE,)),
        ([PICTURE, Text("a cup")], (PICTURE, Text("a cup"))),
        ([PICTURE, "a cup"], (PICTURE, Text("a cup"))),
    ],
)
def test_every_kind_of_input_becomes_a_message(item, content):
    found = as_message(item, side=Side.DOCUMENT, instruction="Picture.")
    assert found == Message(content, "Picture.", Side.DOCUMENT)


def test_a_file_and_a_pillow_picture_are_images(tmp_path):
    picture = PIL.Image.new("RGB", (3, 2), (9, 8, 7))
    picture.save(tmp_path / "p.png")
    for message in wrap(tmp_path / "p.png", picture):
        (image,) = message.content
        assert isinstance(image, Image)
        assert image.pixels[1, 2].tolist() == [9, 8, 7]


def test_a_message_keeps_its_instruction():
    message = Message((Text("a cup"),), "Find it.", Side.DOCUMENT)
    assert wrap(message) == [message]


def test_a_message_of_the_other_side_is_refused():
    message = Message((Text("a cup"),), "Find it.", Side.QUERY)
    with pytest.raises(
        ContentError, match=r"input 0: the message has side='query', .*side='document'"
    ):
        wrap(message)


@pytest.mark.parametrize(("bad", "error"), [("  ", "text is empty"), ([], "no content")])
def test_an_input_that_cannot_be_embedded_is_named(bad, error):
    with pytest.raises(ContentError, match=f"^input 2: .*{error}"):
        wrap("a", "b", bad)


def test_one_string_in_place_of_a_list_is_refused():
    with pytest.raises(TypeError, match=r"inputs is one string, 'cup'; pass a list: \['cup'\]"):
        as_messages("cup", side=Side.QUERY, instruction="")


@pytest.mark.parametrize(
    ("item", "kind"), [(b"bytes", "bytes"), (None, "NoneType"), (["red", 3], "int")]
)
def test_an_object_of_another_type_is_refused(item, kind):
    # `as_message` itself cannot be called so: its argument's type is checked in tests.
    with pytest.raises(ContentError, match=f"cannot embed an object of type {kind}: wrap it as"):
        contents_of(item)
