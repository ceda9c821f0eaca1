from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import torch

from forethought.encoders import EncodeInput, as_inputs, as_message, as_messages
from forethought.encoders.encode_input import contents_of
from forethought.errors import ContentError
from forethought.types import ContentKind, Image, Message, Side, Text

PIXELS = np.zeros((2, 3, 3), np.uint8)
PICTURE = Image(PIXELS)
MESSAGE = Message((PICTURE,), "Its own.", Side.DOCUMENT)


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
        as_inputs("cup")


class Labelled(list[str]):
    """A column whose rows are looked up by label, as in a data frame."""

    def __getitem__(self, label):
        raise KeyError(label)


def test_inputs_in_order_are_read_by_position():
    words = ["a", "b", "c"]
    assert as_inputs(words) == words
    assert as_inputs(tuple(words)) == words
    assert as_inputs(word for word in words) == words
    assert as_inputs(np.array(words)) == words
    assert as_inputs(np.array(words, dtype=object)) == words
    assert as_inputs(Labelled(words)) == words
    assert as_inputs([]) == []


@pytest.mark.parametrize(
    "one", [Path("a.png"), Text("a"), Image(PIXELS), PIL.Image.new("RGB", (2, 3)), MESSAGE]
)
def test_one_item_that_is_no_list_is_one_input(one):
    assert as_inputs(one) == [one]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"a", "b"}, "inputs is a set, which has no order"),
        ({"a": 1}.keys(), "inputs is a dict_keys, which has no order"),
        ({"a": "b"}, r"inputs is a dict; .*list\(x.values\(\)\)"),
        (np.zeros((4, 5, 3)), r"inputs is a ndarray; a picture is ft\.Image"),
        (torch.zeros(4, 5, 3), r"inputs is a Tensor; a picture is ft\.Image"),
        (b"bytes", "inputs is a bytes"),
        (3, "inputs is a int; pass a list"),
        (None, "inputs is a NoneType; pass a list"),
    ],
)
def test_what_is_no_list_of_inputs_is_refused_by_name(inputs, message):
    with pytest.raises(TypeError, match=message):
        as_inputs(inputs)


@pytest.mark.parametrize("name", ["cup.png", "plan.pdf", "clip.mp4"])
def test_the_name_of_a_file_is_words_with_one_warning(name, tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(b"")
    for _ in range(2):
        assert wrap(name)[0].content == (Text(name),)
        assert wrap("other.png", "a cup.", "x" * 9000)[0].content == (Text("other.png"),)
    (record,) = caplog.records
    assert f"'{name}' is read as words" in record.getMessage()
    assert f"pass Path('{name}')" in record.getMessage()


def test_the_instruction_follows_what_an_input_holds():
    by_kind = {kind: f"A {kind}." for kind in ContentKind}
    items: list[EncodeInput] = [
        "red",
        Image(PIXELS),
        Image(PIXELS, is_page=True),
        [Image(PIXELS), "which?"],
    ]
    messages = as_messages(items, side=Side.QUERY, instruction=by_kind)
    assert [message.instruction for message in messages] == [
        "A text.",
        "A picture.",
        "A page.",
        "A picture and text.",
    ]
    given = as_messages([MESSAGE], side=Side.DOCUMENT, instruction=by_kind)
    assert given[0].instruction == MESSAGE.instruction


@pytest.mark.parametrize(
    ("item", "kind"), [(b"bytes", "bytes"), (None, "NoneType"), (["red", 3], "int")]
)
def test_an_object_of_another_type_is_refused(item, kind):
    # `as_message` itself cannot be called so: its argument's type is checked in tests.
    with pytest.raises(ContentError, match=f"cannot embed an object of type {kind}: wrap it as"):
        contents_of(item)
