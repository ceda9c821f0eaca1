import io
import struct
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.errors import ContentError
from forethought.media import FramePolicy, check_video, decode_video
from tests.media.samples import grey, index_of, write_sound, write_video

FOUR = FramePolicy(count=4)


def decode(file, policy=FOUR):
    check_video(file, "a.mp4")
    return decode_video(file, "a.mp4", policy)


def decoded(clip):
    """The indices of the frames, by their shades."""
    return [index_of(frame) for frame in clip.frames]


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Ten frames, 5 a second, a key frame every 3."""
    options = {"g": "3", "bf": "2"}
    return write_video(tmp_path_factory.mktemp("video") / "a.mp4", options=options)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {}),
        ("a.mp4", "mpeg4", {}),
        ("a.webm", "libvpx", {}),
        ("a.webm", "libvpx-vp9", {}),
        ("a.mkv", "libx264", {"options": {"g": "4"}}),
        ("a.gif", "gif", {"pixels": "rgb8"}),
        ("a.avi", "mpeg4", {}),
        ("a.ts", "mpeg2video", {"rate": 25}),
        ("a.mpg", "mpeg1video", {"rate": 25}),
    ],
)
def test_the_chosen_frames_of_any_container(tmp_path, name, codec, options):
    path = write_video(tmp_path / name, codec=codec, **options)
    fps = options.get("rate", 5)
    for file in (path, path.read_bytes()):
        clip = decode(file)
        assert decoded(clip) == [0, 3, 6, 9]
        assert clip.indices == (0, 3, 6, 9)
        assert clip.seconds == (0.0, 3 / fps, 6 / fps, 9 / fps)
        assert clip.video_fps == fps
        assert clip.sample_fps == pytest.approx(4 / 10 * fps)
        assert {frame.shape for frame in clip.frames} == {(48, 64, 3)}
        assert {frame.dtype for frame in clip.frames} == {np.dtype(np.uint8)}


def test_a_rate_counts_frames_a_second_of_the_video(video):
    # 10 frames at 5 a second are 2 s: 6 frames, linspace(0, 9, 6) = 0, 1.8, 3.6, 5.4, 7.2, 9.
    clip = decode(video, FramePolicy(fps=3.0))
    assert clip.indices == (0, 2, 4, 5, 7, 9)
    assert clip.sample_fps == 3.0


def test_seeking_finds_the_frames_that_decoding_from_the_start_finds(video, monkeypatch):
    for count in (1, 2, 3, 7, 10):
        sought = decode(video, FramePolicy(count=count))
        monkeypatch.setattr("forethought.media.frame_stream._SEEKABLE", set())
        passed = decode(video, FramePolicy(count=count))
        monkeypatch.undo()
        assert sought.indices == passed.indices
        assert np.array_equal(np.stack(sought.frames), np.stack(passed.frames))


@pytest.mark.parametrize(("name", "codec"), [("v.webm", "libvpx"), ("v.mp4", "libx264")])
def test_a_variable_rate_has_the_times_of_the_file(tmp_path, name, codec):
    stamps = [0, 40, 80, 500, 520, 1300, 1301, 2000, 2100, 3000]
    clip = decode(write_video(tmp_path / name, codec=codec, stamps=stamps), FramePolicy(count=5))
    # linspace(0, 9, 5) = 0, 2.25, 4.5, 6.75, 9.
    assert clip.indices == (0, 2, 4, 6, 9)
    assert decoded(clip) == [0, 2, 4, 6, 9]
    assert clip.seconds == pytest.approx((0.0, 0.08, 0.52, 1.301, 3.0))


def gif(*colours, size=(6, 4), **options):
    frames = [PIL.Image.new("RGB", size, colour) for colour in colours]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], **options)
    return file.getvalue()


def test_an_animated_gif_is_a_video():
    clip = decode(gif("red", "blue", "lime", duration=[100, 400, 300]))
    assert [frame[2, 3].tolist() for frame in clip.frames] == [
        [255, 0, 0],
        [0, 0, 255],
        [0, 255, 0],
    ]
    assert clip.seconds == pytest.approx((0.0, 0.1, 0.5))


def test_one_frame_is_a_video():
    clip = decode(gif("red", size=(1, 1)), FramePolicy(fps=2.0))
    assert clip.frames[0].tolist() == [[[255, 0, 0]]]
    assert (clip.seconds, clip.indices) == ((0.0,), (0,))
    assert clip.video_fps == 2.0


def test_sound_without_pictures_is_refused(tmp_path):
    with pytest.raises(ContentError, match=r"a.mp4: has no pictures, only sound"):
        check_video(write_sound(tmp_path / "s.mp4"), "a.mp4")


def test_large_frames_are_refused_before_they_are_decoded():
    body = bytearray(gif("red"))
    struct.pack_into("<HH", body, 6, 16_000, 8_000)  # the header's width and height
    with pytest.raises(ContentError, match=r"over 64 megapixels a frame.* 16000 x 8000; shrink"):
        check_video(bytes(body), "a.mp4")


def test_frames_that_are_too_large_together_are_refused(video, monkeypatch):
    monkeypatch.setattr("forethought.media.video_decode.MAX_TOTAL_PIXELS", 4 * 48 * 64 - 1)
    with pytest.raises(ContentError, match=r"4 frames of 64 x 48 are over .*choose fewer"):
        decode(video)
    assert len(decode(video, FramePolicy(count=3))) == 3


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Ten frames that do not compress, a key frame every 3, in a file that starts with its index."""
    path = tmp_path_factory.mktemp("noisy") / "a.mp4"
    rng = np.random.default_rng(3)
    with av.open(path, "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.options = {"g": "3"}
        for index in range(10):
            noise = rng.integers(0, 9, (48, 64, 3)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(grey(index) + noise, format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def test_the_frames_of_a_truncated_file_are_decoded(noisy):
    clip = decode(noisy[: len(noisy) * 9 // 10])
    assert clip.indices[0] == 0
    assert 4 <= clip.indices[-1] < 9
    assert decoded(clip) == list(clip.indices)
    assert clip.seconds == tuple(index / 5 for index in clip.indices)


def test_the_frames_around_a_hole_are_decoded(noisy):
    body = bytearray(noisy)
    hole = body.index(b"mdat") + 3000
    body[hole : hole + 2000] = bytes(2000)
    clip = decode(bytes(body), FramePolicy(count=8))
    assert 1 <= len(clip) <= 8
    assert len(clip.seconds) == len(clip.indices) == len(clip)


def test_a_file_without_a_frame_that_decodes_is_refused(noisy):
    body = bytearray(noisy)
    start = body.index(b"mdat") + 4
    body[start:] = bytes(len(body) - start)
    with pytest.raises(ContentError, match="no frame of it decodes; export it again"):
        decode(bytes(body))


def test_a_file_without_its_index_is_refused(video):
    with pytest.raises(ContentError, match=r"not a video that can be read .*convert it to mp4"):
        check_video(video.read_bytes()[:-400], "a.mp4")


def test_a_file_without_a_decoder_is_refused(video):
    with pytest.raises(ContentError, match="no decoder reads its pictures; convert it to mp4"):
        check_video(video.read_bytes().replace(b"avc1", b"zzz1"), "a.mp4")


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_damage_anywhere_is_refused_or_skipped(video, seed):
    rng = np.random.default_rng(seed)
    body = bytearray(video.read_bytes())
    for at in rng.integers(len(body), size=5):
        body[at] = rng.integers(256)
    try:
        clip = decode(bytes(body))
    except ContentError:
        return
    assert len({frame.shape for frame in clip.frames}) == 1
    assert len(clip.seconds) == len(clip.indices) == len(clip)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"),
        ("x.ffconcat", "ffconcat version 1.0\nfile {}\n"),
        ("x.txt", "words\n{}\n" * 50),
    ],
)
def test_a_playlist_is_no_video(tmp_path, video, name, body):
    path = tmp_path / name
    path.write_text(body.replace("{}", str(video)))
    for file in (path, path.read_bytes()):
        with pytest.raises(ContentError, match="not a video that can be read"):
            check_video(file, name)


def test_a_name_with_a_colon_is_a_file(video, tmp_path, monkeypatch):
    (tmp_path / "concat:a.mp4").write_bytes(video.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert decoded(decode(Path("concat:a.mp4"))) == [0, 3, 6, 9]
