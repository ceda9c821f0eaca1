import io
import struct

import av
import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forethought.errors import ContentError
from forethought.media import video_decode as reader
from forethought.types import FramePolicy, Image, Video
from tests.types.media import grey, told, write_sound, write_video

FOUR = FramePolicy(count=4)


def seen(clip):
    return [told(frame) for frame in clip.frames]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Ten frames, 5 a second, a key frame every 3."""
    options = {"g": "3", "bf": "2"}
    return write_video(tmp_path_factory.mktemp("film") / "a.mp4", options=options)


@pytest.mark.parametrize(
    ("name", "codec", "how"),
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
def test_the_chosen_frames_of_any_container(tmp_path, name, codec, how):
    path = write_video(tmp_path / name, codec=codec, **how)
    fps = how.get("rate", 5)
    for shown in (path, str(path), path.read_bytes()):
        clip = Video(shown).clip(FOUR)
        assert seen(clip) == [0, 3, 6, 9]
        assert clip.indices == (0, 3, 6, 9)
        assert clip.seconds == (0.0, 3 / fps, 6 / fps, 9 / fps)
        assert clip.video_fps == fps
        assert clip.sample_fps == pytest.approx(4 / 10 * fps)
        assert {frame.shape for frame in clip.frames} == {(48, 64, 3)}
        assert {frame.dtype for frame in clip.frames} == {np.dtype(np.uint8)}


def test_a_rate_counts_the_films_own_seconds(film):
    # 10 frames at 5 a second are 2 s: 6 frames, linspace(0, 9, 6) = 0, 1.8, 3.6, 5.4, 7.2, 9.
    clip = Video(film).clip(FramePolicy(fps=3.0))
    assert clip.indices == (0, 2, 4, 5, 7, 9)
    assert clip.sample_fps == 3.0


def test_seeking_finds_the_frames_that_reading_through_finds(film, monkeypatch):
    for count in (1, 2, 3, 7, 10):
        sought = Video(film).clip(FramePolicy(count=count))
        monkeypatch.setattr(reader, "_SEEKABLE", set())
        passed = Video(film).clip(FramePolicy(count=count))
        monkeypatch.undo()
        assert sought.indices == passed.indices
        assert np.array_equal(np.stack(sought.frames), np.stack(passed.frames))


@pytest.mark.parametrize(("name", "codec"), [("v.webm", "libvpx"), ("v.mp4", "libx264")])
def test_a_variable_rate_keeps_the_real_times(tmp_path, name, codec):
    stamps = [0, 40, 80, 500, 520, 1300, 1301, 2000, 2100, 3000]
    clip = Video(write_video(tmp_path / name, codec=codec, stamps=stamps)).clip(
        FramePolicy(count=5)
    )
    # linspace(0, 9, 5) = 0, 2.25, 4.5, 6.75, 9.
    assert clip.indices == (0, 2, 4, 6, 9)
    assert seen(clip) == [0, 2, 4, 6, 9]
    assert clip.seconds == pytest.approx((0.0, 0.08, 0.52, 1.301, 3.0))


def left_white(_, height, width):
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2] = 255
    return pixels


@pytest.mark.parametrize(
    ("turned", "shape", "white"),
    [
        (90, (64, 48, 3), np.s_[-5:, :]),
        (-90, (64, 48, 3), np.s_[:5, :]),
        (180, (48, 64, 3), np.s_[:, -5:]),
    ],
)
def test_a_film_lying_on_its_side_is_put_upright(tmp_path, turned, shape, white):
    # Counterclockwise, as the standard's matrix turns: what was left comes to be below.
    path = write_video(tmp_path / "a.mp4", count=2, turned=turned, draw=left_white)
    frame = Video(path).clip(FramePolicy(count=1)).frames[0]
    assert frame.shape == shape
    assert frame[white].min() > 250
    assert frame.mean() == pytest.approx(127.5, abs=2)


def test_what_is_transparent_is_white_as_in_a_picture(tmp_path):
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[1] = (255, 0, 0, 51)
    rgba[2] = (10, 20, 30, 255)
    with av.open(tmp_path / "a.mkv", "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 6, 4, "bgra"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba")))
        container.mux(stream.encode(None))
    frame = Video(tmp_path / "a.mkv").clip(FOUR).frames[0]
    assert np.array_equal(frame, Image(PIL.Image.fromarray(rgba)).pixels)
    assert frame[1, 0].tolist() == [255, 204, 204]


def gif(*colours, size=(6, 4), **options):
    frames = [PIL.Image.new("RGB", size, colour) for colour in colours]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], **options)
    return file.getvalue()


def test_a_moving_gif_is_a_video():
    clip = Video(gif("red", "blue", "lime", duration=[100, 400, 300])).clip(FOUR)
    assert [frame[2, 3].tolist() for frame in clip.frames] == [
        [255, 0, 0],
        [0, 0, 255],
        [0, 255, 0],
    ]
    assert clip.seconds == pytest.approx((0.0, 0.1, 0.5))


def test_one_frame_is_a_video():
    clip = Video(gif("red", size=(1, 1))).clip(FramePolicy(fps=2.0))
    assert clip.frames[0].tolist() == [[[255, 0, 0]]]
    assert (clip.seconds, clip.indices) == ((0.0,), (0,))
    assert clip.video_fps == 2.0


def test_sound_without_pictures_is_refused(tmp_path):
    with pytest.raises(ContentError, match=r"s.mp4: has no pictures, only sound"):
        Video(write_sound(tmp_path / "s.mp4"))


def test_large_frames_are_refused_before_they_are_decoded():
    body = bytearray(gif("red"))
    struct.pack_into("<HH", body, 6, 16_000, 8_000)  # the header's width and height
    with pytest.raises(ContentError, match=r"over 64 megapixels a frame.* 16000 x 8000; shrink"):
        Video(bytes(body))


def test_a_frame_larger_than_its_file_says_is_not_decoded(film, monkeypatch):
    def unchecked(container, _):
        stream = container.streams.video[0]
        stream.codec_context.options = {"max_pixels": str(48 * 64 - 1)}
        return stream

    monkeypatch.setattr(reader, "_pictures", unchecked)
    with pytest.raises(ContentError, match="no frame of it decodes"):
        Video(film).clip(FOUR)


def test_frames_that_are_too_much_together_are_refused(film, monkeypatch):
    monkeypatch.setattr(reader, "MAX_PIXELS_TOGETHER", 4 * 48 * 64 - 1)
    with pytest.raises(ContentError, match=r"4 frames of 64 x 48 are over .*choose fewer"):
        Video(film).clip(FOUR)
    assert len(Video(film).clip(FramePolicy(count=3))) == 3


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Ten frames that do not compress, the index of them first; a key frame every 3."""
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


def test_a_film_that_breaks_off_shows_what_there_is(noisy):
    clip = Video(noisy[: len(noisy) * 9 // 10]).clip(FOUR)
    assert clip.indices[0] == 0
    assert 4 <= clip.indices[-1] < 9
    assert seen(clip) == list(clip.indices)
    assert clip.seconds == tuple(index / 5 for index in clip.indices)


def test_a_film_with_a_hole_shows_the_rest(noisy):
    body = bytearray(noisy)
    hole = body.index(b"mdat") + 3000
    body[hole : hole + 2000] = bytes(2000)
    clip = Video(bytes(body)).clip(FramePolicy(count=8))
    assert 1 <= len(clip) <= 8
    assert len(clip.seconds) == len(clip.indices) == len(clip)


def test_a_film_of_which_nothing_is_left_is_refused(noisy):
    body = bytearray(noisy)
    start = body.index(b"mdat") + 4
    body[start:] = bytes(len(body) - start)
    with pytest.raises(ContentError, match="no frame of it decodes; export it again"):
        Video(bytes(body)).clip(FOUR)


def test_a_film_without_its_index_is_refused(film):
    with pytest.raises(ContentError, match=r"not a video that can be read .*convert it to mp4"):
        Video(film.read_bytes()[:-400])


def test_a_film_that_no_decoder_reads_is_refused(film):
    with pytest.raises(ContentError, match="no decoder reads its pictures; convert it to mp4"):
        Video(film.read_bytes().replace(b"avc1", b"zzz1"))


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_damage_anywhere_is_refused_or_survived(film, seed):
    rng = np.random.default_rng(seed)
    body = bytearray(film.read_bytes())
    for at in rng.integers(len(body), size=5):
        body[at] = rng.integers(256)
    try:
        clip = Video(bytes(body)).clip(FOUR)
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
def test_a_list_of_other_files_is_no_video(tmp_path, film, name, body):
    path = tmp_path / name
    path.write_text(body.replace("{}", str(film)))
    for shown in (path, path.read_bytes()):
        with pytest.raises(ContentError, match="not a video that can be read"):
            Video(shown)


def test_a_name_with_a_colon_is_a_file(film, tmp_path, monkeypatch):
    (tmp_path / "concat:a.mp4").write_bytes(film.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert seen(Video("concat:a.mp4").clip(FOUR)) == [0, 3, 6, 9]
