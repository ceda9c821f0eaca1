import io
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.types import FramePolicy, Image, Video
from tests.types.media import grey, told

FOUR = FramePolicy(count=4)


def folder(at, names):
    at.mkdir()
    for index, name in enumerate(names):
        PIL.Image.fromarray(grey(index)).save(at / name)
    return at


def test_frames_come_from_anything_that_is_a_picture(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    PIL.Image.fromarray(grey(1)).save(tmp_path / "a.png")
    png = (tmp_path / "a.png").read_bytes()
    frames = [grey(0), tmp_path / "a.png", png, PIL.Image.fromarray(grey(3)), Image(grey(4))]
    clip = Video(frames).clip(FramePolicy(count=5))
    assert [told(frame) for frame in clip.frames] == [0, 1, 1, 3, 4]


def test_a_list_of_frames_has_two_a_second():
    clip = Video([grey(index) for index in range(9)]).clip(FramePolicy(fps=1.0))
    # 4.5 s at 1 a second, made even: linspace(0, 8, 4) = 0, 2.67, 5.33, 8.
    assert clip.indices == (0, 3, 5, 8)
    assert [told(frame) for frame in clip.frames] == [0, 3, 5, 8]
    assert clip.seconds == (0.0, 1.5, 2.5, 4.0)
    assert clip.video_fps == 2.0
    assert clip.sample_fps == 4 / 9 * 2.0
    assert len(clip) == 4


def test_a_folder_is_its_frames_in_the_order_of_their_numbers(tmp_path):
    at = folder(tmp_path / "clip", ["f1.png", "f2.JPG", "f9.png", "f10.jpeg", "f011.png"])
    (at / "notes.txt").write_text("not a frame")
    (at / "._f1.png").write_bytes(b"what a file system leaves")
    video = Video(at)
    assert video.source == str(at)
    assert [told(f) for f in video.clip(FramePolicy(count=5)).frames] == [0, 1, 2, 3, 4]


def test_only_the_chosen_frames_are_decoded(tmp_path):
    at = folder(tmp_path / "clip", [f"{i}.png" for i in range(5)])
    (at / "1.png").write_bytes(b"damaged")
    assert Video(at).clip(FramePolicy(count=3)).indices == (0, 2, 4)
    with pytest.raises(ContentError, match="clip, frame 1: not a picture"):
        Video(at).clip(FramePolicy(count=5))


def test_frames_of_two_sizes_are_refused():
    frames = [grey(0), grey(1), grey(2, 30, 40)]
    with pytest.raises(ContentError, match=r"s, frame 2: 40 x 30, and frame 0 is 64 x 48.*alike"):
        Video(frames, source="s").clip(FramePolicy(count=3))


def test_frames_that_are_too_much_together_are_refused(monkeypatch):
    monkeypatch.setattr("forethought.types.video.MAX_PIXELS_TOGETHER", 4 * 48 * 64 - 1)
    frames = [grey(index) for index in range(8)]
    with pytest.raises(ContentError, match=r"4 frames like the first are over .*choose fewer"):
        Video(frames).clip(FOUR)
    assert len(Video(frames).clip(FramePolicy(count=3))) == 3


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("gone.mp4", "gone.mp4: no such file; check the path"),
        (b"", "video: empty .0 bytes"),
        (b"words, not a video" * 9, "video: not a video that can be read .*convert it to mp4"),
        ([], "video: a list without frames"),
        (["gone.png"], "video, frame 0: no such file .gone.png."),
        ("https://example.com/a.mp4", "a.mp4: a URL, and videos are not fetched; download"),
        ("data:video/mp4;base64,AAAA", "^data:video/mp4;base64,...: a URL"),
    ],
)
def test_what_is_no_video_is_refused(shown, said):
    with pytest.raises(ContentError, match=said):
        Video(shown)


def test_a_folder_without_frames_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("words")
    with pytest.raises(ContentError, match=r"a folder without .jpg, .jpeg or .png frames"):
        Video(tmp_path)


def test_without_pyav_frames_work_and_a_file_says_what_to_install(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"x")
    code = (
        "import sys; sys.modules['av'] = None\n"
        "import numpy as np; from forethought.types import FramePolicy, Video\n"
        "print(len(Video([np.zeros((2, 3, 3), np.uint8)]).clip(FramePolicy(count=4))))\n"
        f"Video({str(tmp_path / 'a.mp4')!r})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.stdout == "1\n"
    assert "a.mp4: reading a video needs PyAV: pip install 'forethought[media]'" in ran.stderr


def test_a_large_frame_in_a_list_is_refused():
    file = io.BytesIO()
    PIL.Image.new("1", (10_000, 7_000)).save(file, "PNG")
    with pytest.raises(ContentError, match="s, frame 0: over 64 megapixels"):
        Video([file.getvalue()], source="s").clip(FOUR)


def test_frames_are_arrays_of_their_own_size():
    frames = [np.full((5, 7, 3), 9, np.uint8)] * 3
    assert [frame.shape for frame in Video(frames).clip(FOUR).frames] == [(5, 7, 3)] * 3
