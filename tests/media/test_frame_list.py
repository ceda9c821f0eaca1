import base64
import io

import numpy as np
import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.media import FramePolicy, decode_frames, frame_items, list_frames, take_frame
from tests.media.samples import grey, index_of

FOUR = FramePolicy(count=4)


def test_a_folder_has_its_frames_in_the_order_of_their_numbers(tmp_path):
    names = ["f1.png", "f2.JPG", "f9.png", "f10.jpeg", "f011.png"]
    for name in (*names, "notes.txt", "._f1.png"):
        (tmp_path / name).write_bytes(b"not opened here")
    assert [path.name for path in list_frames(tmp_path, "clip")] == names


def test_a_folder_without_frames_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("words")
    with pytest.raises(ContentError, match=r"clip: a folder without .jpg, .jpeg or .png frames"):
        list_frames(tmp_path, "clip")


def test_frames_that_do_not_exist_are_refused():
    with pytest.raises(ContentError, match="clip: a list without frames"):
        frame_items([], "clip")
    with pytest.raises(ContentError, match=r"clip \(gone.png\): no such file; check the path"):
        take_frame("gone.png", "clip")


@pytest.mark.parametrize("length", [300, 9000])
def test_a_frame_whose_name_no_system_has_is_refused(length):
    # Path.is_file raised a bare OSError: File name too long.
    with pytest.raises(ContentError, match=r"f \(x+(\.\.\.)?\): no path of a file \(File name too"):
        take_frame("x" * length, "f")
    with pytest.raises(ContentError, match=r"no path of a file .embedded null"):
        take_frame("a\0b.png", "f")


def test_frames_may_be_data_urls_and_are_never_fetched():
    file = io.BytesIO()
    PIL.Image.fromarray(grey(2)).save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    clip = decode_frames([take_frame(url, "f")], "s", FramePolicy(count=1))
    assert np.array_equal(clip.frames[0], grey(2))
    with pytest.raises(ContentError, match="f: a URL, and frames are not fetched"):
        take_frame("https://example.com/a.png", "f")


def test_frames_are_copied():
    array, picture = grey(2), PIL.Image.fromarray(grey(3))
    frames = [take_frame(array, "f"), take_frame(picture, "f"), take_frame(bytearray(b"x"), "f")]
    array[:] = 0
    picture.paste((0, 0, 0), (0, 0, 64, 48))
    clip = decode_frames(frames[:2], "s", FramePolicy(count=2))
    assert [index_of(frame) for frame in clip.frames] == [2, 3]
    assert frames[2] == b"x"


def test_any_ordered_collection_is_a_list_of_frames():
    two = [grey(0), grey(1)]
    for data in (two, tuple(two), iter(two), (frame for frame in two), np.stack(two)):
        assert np.array_equal(np.array(frame_items(data, "s")), np.array(two))


@pytest.mark.parametrize(
    "data", [{"a": 1}, {1, 2}, frozenset({1}), None, 5, PIL.Image.new("L", (2, 3))]
)
def test_what_has_no_order_or_frames_is_refused(data):
    with pytest.raises(ContentError, match=f"s: a {type(data).__name__} is no video; pass a path"):
        frame_items(data, "s")


def test_an_array_of_one_picture_is_no_video():
    with pytest.raises(ContentError, match=r"an array of 3 axes .* a single picture is ft.Image"):
        frame_items(grey(0), "s")


def test_a_list_of_frames_has_two_a_second():
    clip = decode_frames([grey(index) for index in range(9)], "clip", FramePolicy(fps=1.0))
    # 4.5 s at 1 a second, made even: linspace(0, 8, 4) = 0, 2.67, 5.33, 8.
    assert clip.indices == (0, 3, 5, 8)
    assert [index_of(frame) for frame in clip.frames] == [0, 3, 5, 8]
    assert clip.seconds == (0.0, 1.5, 2.5, 4.0)
    assert clip.video_fps == 2.0
    assert clip.sample_fps == 4 / 9 * 2.0
    assert len(clip) == 4


def test_only_the_chosen_frames_are_decoded(tmp_path):
    for index in range(5):
        PIL.Image.fromarray(grey(index)).save(tmp_path / f"{index}.png")
    (tmp_path / "1.png").write_bytes(b"damaged")
    frames = list_frames(tmp_path, "clip")
    assert decode_frames(frames, "clip", FramePolicy(count=3)).indices == (0, 2, 4)
    with pytest.raises(ContentError, match="clip, frame 1: not a picture"):
        decode_frames(frames, "clip", FramePolicy(count=5))


def test_frames_of_two_sizes_are_refused():
    frames = [grey(0), grey(1), grey(2, 30, 40)]
    with pytest.raises(ContentError, match=r"s, frame 2: 40 x 30, and frame 0 is 64 x 48.*alike"):
        decode_frames(frames, "s", FramePolicy(count=3))


def test_frames_that_are_too_large_together_are_refused(monkeypatch):
    monkeypatch.setattr("forethought.media.frame_list.MAX_TOTAL_PIXELS", 4 * 48 * 64 - 1)
    frames = [grey(index) for index in range(8)]
    with pytest.raises(ContentError, match=r"4 frames like the first are over .*choose fewer"):
        decode_frames(frames, "clip", FOUR)
    assert len(decode_frames(frames, "clip", FramePolicy(count=3))) == 3


def test_a_frame_that_is_too_large_is_refused():
    file = io.BytesIO()
    PIL.Image.new("1", (10_000, 7_000)).save(file, "PNG")
    with pytest.raises(ContentError, match="s, frame 0: over 64 megapixels"):
        decode_frames([file.getvalue()], "s", FOUR)


def test_frames_are_not_resized():
    frames = [np.full((5, 7, 3), 9, np.uint8)] * 3
    assert [frame.shape for frame in decode_frames(frames, "s", FOUR).frames] == [(5, 7, 3)] * 3
