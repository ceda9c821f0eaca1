import base64
from pathlib import Path

import PIL.Image
import pytest

from forethought.config import build
from forethought.data.media_store import MediaFolder
from forethought.data.part_line import PartLine
from forethought.errors import ContentError
from forethought.types import Image, Text, Video
from tests.published_data import picture


def url(content):
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def test_a_picture_is_a_path_bytes_or_a_data_url(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(3))
    parts = [PartLine(image=each) for each in ("a.png", picture(3), url(picture(3)))]
    opened = [part.open(MediaFolder(tmp_path))[0] for part in parts]
    pixels = [each.pixels.tobytes() for each in opened if isinstance(each, Image)]
    assert pixels == [Image(picture(3)).pixels.tobytes()] * 3
    assert [part.names for part in parts] == [("a.png",), (), ()]


def test_frames_are_a_video_in_order(tmp_path):
    (tmp_path / "a.png").write_bytes(picture(5))
    part = PartLine(frames=("a.png", picture(0), url(picture(0))))
    (video,) = part.open(MediaFolder(tmp_path))
    assert isinstance(video, Video)
    assert isinstance(video.data, tuple)
    assert len(video.data) == 3
    assert part.names == ("a.png",)


def test_a_pdf_is_bytes_or_a_data_url(tmp_path):
    sheets = [PIL.Image.new("RGB", (20, 30), colour) for colour in ("red", "blue", "green")]
    sheets[0].save(tmp_path / "a.pdf", save_all=True, append_images=sheets[1:])
    content = (tmp_path / "a.pdf").read_bytes()
    for pdf in ("a.pdf", content, url(content)):
        assert len(PartLine(pdf=pdf, pages="2-").open(MediaFolder(tmp_path))) == 2


def test_keys_are_equal_for_equal_content_alone():
    keys = [
        PartLine(image=b"one").key,
        PartLine(image=b"two").key,
        PartLine(image="one").key,
        PartLine(video="one").key,
        PartLine(frames=("one",)).key,
        PartLine(text="one").key,
    ]
    assert PartLine(image=b"one").key == keys[0]
    assert all(keys.count(key) == 1 for key in keys)
    assert PartLine(text="a cat").key == {"text": "a cat"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "one of text, image, video, frames and pdf, got none"),
        ({"image": ""}, "got none"),
        ({"image": "a.png", "frames": ["b.png"]}, "got image and frames"),
        ({"text": " \n"}, "text is empty"),
        ({"text": "\ud800"}, "no Unicode at 0"),
        ({"frames": ["a.png", ""]}, "one of the frames has an empty path"),
        ({"image": 3}, "image must be a string, got 3"),
        ({"text": b"words"}, "text must be a string, got b'words'"),
    ],
)
def test_anything_else_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        build(fields, PartLine, where="")


def test_a_broken_data_url_is_refused():
    with pytest.raises(ContentError, match="not base64"):
        PartLine(image="data:image/png;base64,%%%").open(MediaFolder(Path()))


def test_a_text_is_a_text(tmp_path):
    assert PartLine(text="a cat").open(MediaFolder(tmp_path)) == (Text("a cat"),)


def test_a_name_that_the_system_refuses_is_not_there(tmp_path):
    folder = MediaFolder(tmp_path)
    assert not folder.has("a" * 5000)
    assert not folder.has("a\0b")
