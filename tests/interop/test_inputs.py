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
def show():
    from forethought.interop.inputs import as_shown

    return lambda given, instruction=None: as_shown(
        given, side=Side.DOCUMENT, instruction=instruction
    )


def told(shown):
    """What is comparable of contents: words, or size and first pixel."""
    if isinstance(shown, list | tuple):
        return [told(piece) for piece in shown]
    if isinstance(shown, Text):
        return shown.words
    return shown.pixels.shape, tuple(shown.pixels[0, 0].tolist())


def test_words_are_a_text(show):
    assert told(show("a red apple")) == "a red apple"


def test_a_picture_may_come_in_any_form(show, paint, tmp_path):
    picture = paint("red")
    picture.save(tmp_path / "red.png")
    file = io.BytesIO()
    picture.save(file, "PNG")
    pixels = np.asarray(picture)
    for given in (
        picture,
        str(tmp_path / "red.png"),
        f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}",
        pixels,
        pixels.transpose(2, 0, 1),
        torch.tensor(pixels),
        {"image": picture},
    ):
        found = show(given)
        assert told(found[0] if isinstance(found, list) else found) == ((3, 4, 3), RED)


def test_the_contents_of_a_dictionary_keep_their_order(show, paint):
    red, blue = paint("red"), paint("blue")
    assert told(show({"text": "both", "image": [red, blue]})) == [
        "both",
        ((3, 4, 3), RED),
        ((3, 4, 3), (0, 0, 255)),
    ]
    assert told(show({"image": red, "text": "this"})) == [((3, 4, 3), RED), "this"]


def test_frames_are_a_video(show, paint):
    frames = [paint("red"), paint("blue")]
    for given in ({"video": frames}, {"video": np.stack([np.asarray(frame) for frame in frames])}):
        (video,) = show(given)
        assert isinstance(video, Video)
        assert isinstance(video.data, tuple)
        assert len(video.data) == 2
    assert len(show({"video": [frames, frames]})) == 2


def test_our_own_nouns_go_through(show):
    for noun in (Text("red"), Message((Text("red"),), "Find it.", Side.QUERY)):
        assert show(noun) is noun


def test_a_conversation_is_its_turns_content(show, paint):
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "what is"}]},
        {"role": "user", "content": [{"type": "image", "image": paint("red")}]},
    ]
    assert told(show(turns)) == ["what is", ((3, 4, 3), RED)]
    assert told(show({"role": "user", "content": "red"})) == ["red"]


def test_what_the_system_says_is_the_instruction(show):
    turns = [{"role": "system", "content": "Find it."}, {"role": "user", "content": "red"}]
    assert show(turns) == Message((Text("red"),), "Find it.", Side.DOCUMENT)
    assert show(turns, "Quickly.").instruction == "Find it. Quickly."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (" ", "text is empty"),
        (3, "3 cannot be embedded: Unsupported input type"),
        ({"sound": "x.wav"}, "unrecognized modality keys"),
        (("red", "blue"), "cannot be embedded as 'text'"),
        ({"text": 7}, "7 cannot be embedded as 'text'; known: text"),
        ("https://example.org/cat.png", "a URL, and nothing is fetched unless"),
        (np.zeros(5, np.float32), "cannot be embedded as 'audio'"),
        ([{"role": "user", "content": "red"}, 3], "3 is no turn of a conversation"),
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
def test_what_cannot_be_embedded_is_refused(show, given, said):
    with pytest.raises(ContentError, match=said):
        show(given)


def test_a_picture_of_ours_may_lie_in_a_dictionary(show):
    picture = Image(np.full((2, 5, 3), 9, np.uint8))
    assert show({"text": "this", "image": picture})[1] is picture
