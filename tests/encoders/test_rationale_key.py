import dataclasses
import hashlib
from typing import Any

import numpy as np
import pytest

from forethought.encoders.rationale_key import pending_rationale, rationale_key, sources_of
from forethought.types import Image, Message, Patches, Prompt, Side, Text, Video


def picture(*shape, start=0):
    return np.arange(start, start + np.prod(shape), dtype=np.uint64).astype(np.uint8).reshape(shape)


FRAMES = [picture(2, 4, 3, start=s) for s in (7, 9)]
CLIP = Patches(
    np.arange(6, dtype=np.float32).reshape(2, 3), (1, 1, 2), is_video=True, time_step=0.5
)
CALM = Patches(np.ones((4, 3), dtype=np.float32), (1, 2, 2))
MESSAGE = Message(
    (Image(picture(2, 3, 3)), Text("what is it?"), Image(picture(1, 2, 3)), Video(FRAMES)),
    "Name it.",
    Side.QUERY,
)
PROMPT = Prompt((5, 6, 7, 8), (CALM, CALM, CLIP), 1, 3)
SETTINGS = ("dtype=float32", "budget=24", "top_k=3")


def key(message=MESSAGE, prompt=PROMPT, **changed):
    model = {"reasoner": "tiny", "revision": "0123456789ab", "settings": SETTINGS, **changed}
    return rationale_key(message, prompt, **model)


def message_of(content):
    return dataclasses.replace(MESSAGE, content=tuple(content))


def test_a_key_is_the_hash_of_its_ingredients_each_with_name_and_length():
    message = Message((Text("a b"), Image(picture(1, 2, 3))), "Name it.", Side.DOCUMENT)
    prompt = Prompt((5, 6, 7), (CALM,), 1, 2)
    # Six bytes of pixels, 0 to 5; only the tokens before the completion.
    stream = (
        b"scheme 1\n3" + b"side 8\ndocument" + b"instruction 8\nName it." + b"text 3\na b"
        b"image 9\n(1, 2, 3)" + b"pixels 6\n\x00\x01\x02\x03\x04\x05" + b"tokens 6\n[5, 6]"
        b"reasoner 4\ntiny" + b"revision 2\nff" + b'settings 26\n["budget=9", "top_p=0.25"]'
    )
    expected = hashlib.sha256(stream).hexdigest()
    settings = ("budget=9", "top_p=0.25")
    assert key(message, prompt, reasoner="tiny", revision="ff", settings=settings) == expected


def changed_keys():
    first, text, second, clip = MESSAGE.content
    other = picture(2, 3, 3)
    other[1, 2, 0] += 1
    yield "a pixel", key(message_of([Image(other), text, second, clip]))
    yield "a shape", key(message_of([Image(picture(3, 2, 3)), text, second, clip]))
    yield "the order of pictures", key(message_of([second, text, first, clip]))
    yield "the position of the text", key(message_of([text, first, second, clip]))
    yield "a picture less", key(message_of([first, text, clip]))
    yield "a picture twice", key(message_of([first, text, second, second, clip]))
    yield "a letter", key(message_of([first, Text("what is it!"), second, clip]))
    yield "a text cut in two", key(message_of([first, Text("what is"), Text(" it?"), second, clip]))
    yield "no video", key(message_of([first, text, second]))
    yield "instruction", key(dataclasses.replace(MESSAGE, instruction="Name it"))
    yield "side", key(dataclasses.replace(MESSAGE, side=Side.DOCUMENT))
    yield "model", key(reasoner="tiny2")
    yield "weights", key(revision="0123456789ac")
    yield "precision", key(settings=("dtype=bfloat16", *SETTINGS[1:]))
    yield "a setting less", key(settings=SETTINGS[:-1])
    yield "a new setting", key(settings=(*SETTINGS, "loop=2"))
    yield "a token", key(prompt=dataclasses.replace(PROMPT, token_ids=(5, 6, 9, 8)))
    yield "order of tokens", key(prompt=dataclasses.replace(PROMPT, token_ids=(6, 5, 7, 8)))
    changes: dict[str, Any] = {
        "values": CLIP.values[::-1],
        "grid": (2, 1, 1),
        "time_step": 1.0,
        "seconds": (0.5,),
    }
    for name, value in changes.items():
        changed = dataclasses.replace(CLIP, **{name: value})
        yield f"video {name}", key(prompt=dataclasses.replace(PROMPT, pictures=(CALM, changed)))


def test_any_change_of_any_ingredient_changes_the_key():
    keys = {"unchanged": key(), **dict(changed_keys())}
    assert len(set(keys.values())) == len(keys)


def test_other_fields_do_not_change_the_key():
    named = Image(picture(2, 3, 3), source="elsewhere.png")
    assert key(message_of([named, *MESSAGE.content[1:]])) == key()
    # The token behind `write_at` is read for the direct vector alone.
    assert key(prompt=dataclasses.replace(PROMPT, token_ids=(5, 6, 7, 0))) == key()
    strided = np.asfortranarray(picture(2, 3, 3))
    assert key(message_of([Image(strided), *MESSAGE.content[1:]])) == key()


def test_a_video_with_the_same_frames_has_the_same_key():
    again = Video(FRAMES, source="copy.mp4")
    assert key(message_of([*MESSAGE.content[:3], again])) == key()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (Text("two\n lines"), "two lines"),
        (Text("x" * 200), "x" * 120),
        (Image(picture(1, 2, 3), source="a.png"), "a.png"),
        (Image(picture(1, 2, 3), source="b\udcff.png"), "b?.png"),
    ],
)
def test_sources_are_short_printable_names(content, name):
    assert sources_of(Message((content,), "", Side.QUERY)) == (name,)


def test_a_pending_entry_has_a_key_and_no_text():
    found = pending_rationale(
        MESSAGE, PROMPT, reasoner="tiny", revision="0123456789ab", settings=SETTINGS
    )
    assert found.key == key()
    assert found.reasoner == "tiny@0123456789ab"
    assert found.sources == sources_of(MESSAGE)
    assert (found.rationale.thinking, found.token_ids) == ("", ())
