import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.types import FramePolicy, Image, Video
from tests.media.samples import grey, index_of, write_video


def indices(video, count):
    return [index_of(frame) for frame in video.clip(FramePolicy(count=count)).frames]


def test_frames_are_anything_that_an_image_is_made_of(tmp_path):
    PIL.Image.fromarray(grey(1)).save(tmp_path / "a.png")
    png = (tmp_path / "a.png").read_bytes()
    frames = [grey(0), tmp_path / "a.png", png, PIL.Image.fromarray(grey(3)), Image(grey(4))]
    video = Video(frames)
    assert indices(video, 5) == [0, 1, 1, 3, 4]
    assert video.source == "video"


def test_a_folder_is_a_video_of_its_frames(tmp_path):
    for index, name in enumerate(["f2.png", "f10.png"]):
        PIL.Image.fromarray(grey(index)).save(tmp_path / name)
    video = Video(tmp_path)
    assert video.source == str(tmp_path)
    assert video.data == (tmp_path / "f2.png", tmp_path / "f10.png")
    assert indices(video, 2) == [0, 1]


def test_a_file_may_be_a_path_or_bytes(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    for data in (path, str(path), path.read_bytes()):
        assert indices(Video(data), 4) == [0, 3, 6, 9]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("gone.mp4", "gone.mp4: no such file; check the path"),
        (b"", "video: empty .0 bytes"),
        (b"words, not a video" * 9, "video: not a video that can be read .*convert it to mp4"),
        ([], "video: a list without frames"),
        (["gone.png"], r"video, frame 0 .gone.png.: no such file"),
        ("https://example.com/a.mp4", "a.mp4: a URL, and a video is not fetched; download"),
        ("data:video/mp4;base64,AAAA", "^data:video/mp4;base64,...: a URL"),
        ("x" * 300, "no path of a file .File name too long"),
        (None, "video: a NoneType is no video; pass a path, the bytes of a file, or a list"),
        ({"a.png": 1}, "video: a dict is no video"),
        (Image(grey(1)), "video: an Image is one picture; pass .image., a list of frames"),
        ([grey(1) / 255], r"video, frame 0: an array must be uint8.*\(255 \* array\)"),
        ([None], "video, frame 0: a NoneType is no picture"),
    ],
)
def test_data_that_is_no_video_is_refused(data, message):
    with pytest.raises(ContentError, match=message):
        Video(data)


def test_its_text_is_one_short_line(tmp_path):
    path = write_video(tmp_path / "a.mp4")
    assert repr(Video(path)) == f"<Video {str(path)!r}, a file>"
    assert repr(Video([grey(0)] * 3, source="red")) == "<Video 'red', 3 frames>"


def test_the_bytes_of_a_file_may_be_in_a_buffer(tmp_path):
    data = bytearray(write_video(tmp_path / "a.mp4").read_bytes())
    video = Video(data)
    data[:] = b"0" * len(data)
    assert indices(video, 4) == [0, 3, 6, 9]
