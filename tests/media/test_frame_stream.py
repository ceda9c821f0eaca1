import av
import numpy as np
import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.media import FramePolicy, check_video, decode_video, load_image
from tests.media.samples import write_video

FOUR = FramePolicy(count=4)


def decode(file, policy=FOUR):
    check_video(file, "a.mp4")
    return decode_video(file, "a.mp4", policy)


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
def test_a_rotated_video_is_turned_upright(tmp_path, turned, shape, white):
    # Counterclockwise, as the matrix of the standard: the left side becomes the lower one.
    path = write_video(tmp_path / "a.mp4", count=2, turned=turned, draw=left_white)
    frame = decode(path, FramePolicy(count=1)).frames[0]
    assert frame.shape == shape
    assert frame[white].min() > 250
    assert frame.mean() == pytest.approx(127.5, abs=2)


@pytest.mark.parametrize("rounding", [0, 1, -1])
@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_video_is_turned_and_mirrored_as_its_matrix_says(tmp_path, degrees, mirrored, rounding):
    one, cosine, sine = (
        65536,
        round(np.cos(np.pi * degrees / 180)),
        round(np.sin(np.pi * degrees / 180)),
    )
    # Counterclockwise, after a mirror: a point (x, y) moves to (ax + cy, bx + dy), y down.
    sign = -1 if mirrored else 1
    a, b, c, d = sign * cosine, -sign * sine, sine, cosine
    linear = [one * entry + rounding for entry in (a, b, c, d)]
    matrix = [*linear[:2], 0, *linear[2:], 0, 0, 0, 1 << 30]
    path = write_video(tmp_path / "a.mp4", count=2, matrix=matrix, draw=left_white)
    white = left_white(0, 48, 64) > 128
    expected = np.rot90(white[:, ::-1] if mirrored else white, degrees // 90)
    frame = decode(path, FramePolicy(count=1)).frames[0]
    assert frame.shape == expected.shape
    assert ((frame > 128) == expected).mean() > 0.97


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_the_alpha_of_vp8_and_vp9_is_laid_on_white(tmp_path, codec):
    rgba = np.zeros((48, 64, 4), np.uint8)
    rgba[:, 32:] = (250, 0, 0, 255)
    with av.open(tmp_path / "a.webm", "w") as container:
        stream = container.add_stream(codec, rate=5, options={"auto-alt-ref": "0", "g": "4"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuva420p"
        for _ in range(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba")))
        container.mux(stream.encode(None))
    clip = decode(tmp_path / "a.webm")
    assert clip.indices == (0, 3, 6, 9)
    for frame in clip.frames:
        assert frame[:, :30].min() > 250
        assert np.abs(frame[24, 48].astype(int) - [250, 0, 0]).max() < 9


def test_alpha_without_its_decoder_is_refused(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.webm", codec="libvpx-vp9", pixels="yuva420p")
    decoders = {"vp9": "no-such-decoder"}
    monkeypatch.setattr("forethought.media.frame_stream._ALPHA_DECODERS", decoders)
    with pytest.raises(
        ContentError, match=r"a.mp4: vp9 with transparent parts, .*install PyAV from"
    ):
        decode(path)


def test_transparent_parts_are_white_as_in_a_picture(tmp_path):
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[1] = (255, 0, 0, 51)
    rgba[2] = (10, 20, 30, 255)
    with av.open(tmp_path / "a.mkv", "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.width, stream.height, stream.pix_fmt = 6, 4, "bgra"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba")))
        container.mux(stream.encode(None))
    frame = decode(tmp_path / "a.mkv").frames[0]
    assert np.array_equal(frame, load_image(PIL.Image.fromarray(rgba), "a.png"))
    assert frame[1, 0].tolist() == [255, 204, 204]


@pytest.mark.parametrize("codec", ["libx264", "libvpx-vp9"])
def test_a_frame_larger_than_its_file_states_is_not_decoded(tmp_path, monkeypatch, codec):
    pixels = "yuva420p" if codec == "libvpx-vp9" else "yuv420p"
    path = write_video(tmp_path / "a.mkv", count=2, codec=codec, pixels=pixels)
    # As if the file had stated a smaller size: only the decoder knows better.
    streams = "forethought.media.frame_stream._picture_stream"
    monkeypatch.setattr(streams, lambda container, _: container.streams.video[0])
    monkeypatch.setattr("forethought.media.frame_stream.MAX_PIXELS", 48 * 64 - 1)
    with pytest.raises(ContentError, match="no frame of it decodes"):
        decode(path)
