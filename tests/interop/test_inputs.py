import base64
import io

import numpy as np
import pytest
import torch

from forethought.errors import ContentError
from forethought.types import Image, Message, Side, Text, Video

pytestmark = pytest.mark.slow
RED = (255, 0, 0)


@pytest.fixture
def convert():
    from forethought.interop.inputs import to_encode_input

    return lambda item, instruction=None: to_encode_input(
        item, side=Side.DOCUMENT, instruction=instruction
    )


def plain(content):
    """Contents in comparable form: a text, or a picture's size and first pixel."""
    if isinstance(content, list | tuple):
        return [plain(part) for part in content]
    if isinstance(content, Text):
        return content.words
    return content.pixels.shape, tuple(content.pixels[0, 0].tolist())


def test_a_string_is_a_text(convert):
    assert plain(convert("a red apple")) == "a red apple"


def test_a_picture_may_have_any_form(convert, paint, tmp_path):
    picture = paint("red")
    picture.save(tmp_path / "red.png")
    file = io.BytesIO()
    picture.save(file, "PNG")
    pixels = np.asarray(picture)
    for item in (
        picture,
        str(tmp_path / "red.png"),
        f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}",
        pixels,
        pixels.transpose(2, 0, 1),
        torch.tensor(pixels),
        {"image": picture},
    ):
        found = convert(item)
        assert plain(found[0] if isinstance(found, list) else found) == ((3, 4, 3), RED)


def test_the_contents_of_a_dictionary_keep_their_order(convert, paint):
    red, blue = paint("red"), paint("blue")
    assert plain(convert({"text": "both", "image": [red, blue]})) == [
        "both",
        ((3, 4, 3), RED),
        ((3, 4, 3), (0, 0, 255)),
    ]
    assert plain(convert({"image": red, "text": "this"})) == [((3, 4, 3), RED), "this"]


def test_frames_are_a_video(convert, paint):
    frames = [paint("red"), paint("blue")]
    for item in ({"video": frames}, {"video": np.stack([np.asarray(frame) for frame in frames])}):
        (video,) = convert(item)
        assert isinstance(video, Video)
        assert isinstance(video.data, tuple)
        assert len(video.data) == 2
    assert len(convert({"video": [frames, frames]})) == 2


def test_contents_and_messages_are_returned_unchanged(convert):
    for noun in (Text("red"), Message((Text("red"),), "Find it.", Side.QUERY)):
        assert convert(noun) is noun


def test_a_conversation_is_its_turns_content(convert, paint):
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "what is"}]},
        {"role": "user", "content": [{"type": "image", "image": paint("red")}]},
    ]
    assert plain(convert(turns)) == ["what is", ((3, 4, 3), RED)]
    assert plain(convert({"role": "user", "content": "red"})) == ["red"]


def test_system_turns_are_the_instruction(convert):
    turns = [{"role": "system", "content": "Find it."}, {"role": "user", "content": "red"}]
    assert convert(turns) == Message((Text("red"),), "Find it.", Side.DOCUMENT)
    assert convert(turns, "Quickly.").instruction == "Find it. Quickly."


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (" ", "text is empty"),
        (3, "3 cannot be embedded: Unsupported input type"),
        ({"sound": "x.wav"}, "unrecognized modality keys"),
        (("red", "blue"), "cannot be embedded as 'text'"),
        ({"text": 7}, "7 cannot be embedded as 'text'; supported: text"),
        ("https://example.org/cat.png", "a URL, and URLs are fetched only on request"),
        (np.zeros(5, np.float32), "cannot be embedded as 'audio'"),
        ([{"role": "user", "content": "red"}, 3], "3 is not a turn of a conversation"),
        (
            [
                {
                    "role": "system",
                    "content": [{"type": "image", "image": np.zeros((2, 3, 3), "u1")}],
                }
            ],
            "a system turn is the instruction",
        ),
        ([{"role": "user", "content": [{"text": "red"}]}], "cannot be embedded as 'None'"),
    ],
)
def test_what_cannot_be_embedded_is_refused(convert, item, error):
    with pytest.raises(ContentError, match=error):
        convert(item)


def test_an_image_object_may_be_in_a_dictionary(convert):
    picture = Image(np.full((2, 5, 3), 9, np.uint8))
    assert convert({"text": "this", "image": picture})[1] is picture
