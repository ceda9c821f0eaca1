import base64
import io
import warnings
from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forethought.errors import ContentError
from forethought.media import load_image
from tests.media.samples import png


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def load(data, name="picture"):
    return load_image(data, name)


def noise(height=5, width=7):
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_png_comes_back_pixel_for_pixel(tmp_path):
    pixels = noise()
    path = tmp_path / "a.png"
    path.write_bytes(encoded(PIL.Image.fromarray(pixels)))
    for source in (path, str(path), path.read_bytes(), PIL.Image.open(path), pixels):
        found = load(source)
        assert found.dtype == np.uint8
        assert np.array_equal(found, pixels)


def test_transparent_parts_are_white():
    # Red at alpha 51/255 = 0.2 over white: 255, and 0.8 * 255 = 204 twice.
    rgba = PIL.Image.new("RGBA", (3, 2), (255, 0, 0, 51))
    rgba.putpixel((2, 1), (9, 9, 9, 0))
    pixels = load(encoded(rgba))
    assert pixels[0, 0].tolist() == [255, 204, 204]
    assert pixels[1, 2].tolist() == [255, 255, 255]


def test_a_transparent_palette_colour_is_white():
    picture = PIL.Image.new("P", (3, 2), 0)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    picture.putpixel((1, 0), 1)
    pixels = load(encoded(picture, transparency=0))
    assert pixels[0, 1].tolist() == [40, 50, 60]
    assert pixels[1, 1].tolist() == [255, 255, 255]


# Where the first row and column of the file belong, as EXIF numbers it.
UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: np.copy,
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: pixels.transpose(1, 0, 2),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: np.rot90(pixels.transpose(1, 0, 2), 2),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 100, "subsampling": 0}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
    ],
)
def test_a_turned_or_mirrored_picture_is_upright(kind, options, orientation):
    pixels = np.repeat(np.repeat(noise(2, 3), 16, axis=0), 16, axis=1)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    found = load(encoded(PIL.Image.fromarray(pixels), kind, exif=exif, **options))
    expected = UPRIGHT[orientation](pixels)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 3  # JPEG rounds


def test_sixteen_bits_with_an_orientation_and_a_transparent_value_are_upright():
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    picture = PIL.Image.fromarray(np.array([[257 * 9, 257 * 8, 257 * 7]], np.uint16))
    found = load(encoded(picture, exif=exif, transparency=257 * 8))
    assert found[..., 0].tolist() == [[9], [255], [7]]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_the_first_frame_of_an_animation_is_laid_on_white(kind):
    frames = []
    for colour in ("red", "blue"):
        frame = PIL.Image.new("RGBA", (6, 4), (0, 0, 0, 0))
        frame.paste(colour, (3, 0, 6, 4))
        frames.append(frame)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    found = load(data)
    assert found[2, 1].tolist() == [255, 255, 255]
    assert found[2, 4].tolist() == [255, 0, 0]


def test_sixteen_bits_are_scaled_to_eight():
    # 257 * k stands for k: 65535 = 257 * 255.
    grey = np.array([[0, 257 * 17, 65535]], dtype=np.uint16)
    found = load(encoded(PIL.Image.fromarray(grey)))
    assert found.tolist() == [[[0] * 3, [17] * 3, [255] * 3]]


@pytest.mark.parametrize(
    ("mode", "colour", "kind"),
    [("CMYK", (0, 255, 255, 0), "JPEG"), ("L", 76, "BMP"), ("1", 1, "PNG")],
)
def test_any_mode_becomes_rgb(mode, colour, kind):
    picture = PIL.Image.new(mode, (17, 9), colour)
    found = load(encoded(picture, kind))
    assert found.shape == (9, 17, 3)
    expected = {"CMYK": (255, 0, 0), "L": (76,) * 3, "1": (255,) * 3}[mode]
    assert np.abs(found[4, 8].astype(int) - expected).max() <= 2  # JPEG rounds


def test_an_animated_gif_is_its_first_frame():
    frames = [PIL.Image.new("RGB", (6, 4), colour) for colour in ("blue", "lime")]
    gif = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert load(gif)[2, 3].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty; export it again"),
        (b"words, not a picture", "not a picture"),
        (encoded(PIL.Image.fromarray(noise(40, 40)))[:-300], "damaged .* export it again"),
        (png(10_000, 10_000), "over 64 megapixels.* it has 10000 x 10000"),
        (png(100_000, 100_000), "over 64 megapixels.*shrink it"),
    ],
    ids=["zero bytes", "text", "truncated", "large", "bomb"],
)
def test_bytes_that_are_no_complete_picture_are_refused(data, message):
    with pytest.raises(ContentError, match=f"^box.png: .*{message}"):
        load(data, "box.png")


def test_a_path_that_is_no_picture_is_refused(tmp_path):
    with pytest.raises(ContentError, match=r"gone.png: no such file; check the path"):
        load(tmp_path / "gone.png", "gone.png")
    with pytest.raises(ContentError, match="a folder, not a picture"):
        load(tmp_path)
    with pytest.raises(ContentError, match=r"no path of a file \(File name too long\)"):
        load("x" * 300)
    with pytest.raises(ContentError, match=r"no path of a file \(embedded null"):
        load("a\0.png")


def test_a_truncated_picture_opened_by_the_caller_is_refused():
    opened = PIL.Image.open(io.BytesIO(encoded(PIL.Image.fromarray(noise(40, 40)))[:-300]))
    with pytest.raises(ContentError, match="damaged"):
        load(opened)


def test_an_array_is_copied():
    pixels = noise()
    found = load(pixels)
    pixels[:] = 0
    assert np.array_equal(found, noise())
    assert load(noise()[:, ::-1]).flags.c_contiguous


@pytest.mark.parametrize("shape", [(0, 4, 3), (4, 0, 3)])
def test_an_empty_array_is_refused(shape):
    with pytest.raises(ContentError, match="not empty, got uint8"):
        load(np.zeros(shape, np.uint8))


@given(
    st.sampled_from(["PNG", "GIF", "JPEG", "BMP", "TIFF", "WEBP", "AVIF"]), st.integers(0, 2**32)
)
def test_damage_anywhere_is_refused_or_decoded_without_a_warning(kind, seed):
    rng = np.random.default_rng(seed)
    body = bytearray(encoded(PIL.Image.fromarray(noise(9, 11)), kind))
    for at in rng.integers(len(body), size=4):
        body[at] = rng.integers(256)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            found = load(bytes(body))
        except ContentError:
            return
    assert found.dtype == np.uint8
    assert found.shape[2] == 3


def test_one_pixel_is_a_picture():
    dot = PIL.Image.new("RGB", (1, 1), (7, 8, 9))
    assert load(encoded(dot)).tolist() == [[[7, 8, 9]]]


def test_a_palette_becomes_its_colours():
    picture = PIL.Image.new("P", (3, 2), 1)
    picture.putpalette([10, 20, 30, 40, 50, 60])
    assert load(encoded(picture))[1, 2].tolist() == [40, 50, 60]


def test_inverted_cmyk_is_decoded():
    # A JPEG with Adobe's marker holds 255 - ink.
    picture = PIL.Image.new("CMYK", (16, 8), (255, 0, 0, 0))
    cyan = load(encoded(picture, "JPEG"))[4, 8].astype(int)
    assert np.abs(cyan - [0, 255, 255]).max() <= 2
    assert load(encoded(picture, "TIFF"))[4, 8].tolist() == [0, 255, 255]


def data_url(body, head="data:image/png;base64"):
    return f"{head},{base64.b64encode(body).decode()}"


@pytest.mark.parametrize(
    "head", ["data:image/png;base64", "DATA:;BASE64", "data:image/png;charset=x;base64"]
)
def test_a_data_url_is_its_content(head):
    pixels = noise()
    found = load(data_url(encoded(PIL.Image.fromarray(pixels)), head))
    assert np.array_equal(found, pixels)


def test_a_data_url_may_be_escaped_instead_of_base64():
    body = encoded(PIL.Image.fromarray(noise()))
    escaped = "".join(f"%{byte:02x}" for byte in body)
    assert np.array_equal(load(f"data:image/png,{escaped}"), noise())


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("data:image/png;base64", "has no comma.* pathlib.Path"),
        ("data:image/png;base64,@@@@", "is not base64 .*base64.b64encode"),
        ("data:image/png;base64,", "has no content after its comma"),
        ("data:image/png;base64,aGk=", "not a picture that Pillow can read"),
    ],
    ids=["no comma", "no base64", "empty", "no picture"],
)
def test_a_data_url_without_a_picture_is_refused(url, message):
    with pytest.raises(ContentError, match=f"^box.png: .*{message}"):
        load(url, "box.png")


def test_a_web_address_is_fetched_only_on_request():
    with pytest.raises(ContentError, match=r"box.png: a URL, .*allow_urls=True"):
        load("https://example.com/a.png", "box.png")


def test_an_allowed_address_still_must_be_public():
    with pytest.raises(ContentError, match=r"127.0.0.1, which is not a public address"):
        load_image("http://127.0.0.1:9/a.png", "box.png", allow_urls=True)
