import numpy as np
import PIL.Image
import pytest

from forethought.errors import ContentError
from forethought.types import Image
from tests.media.samples import grey


def test_a_picture_is_named_by_its_path_or_its_source(tmp_path):
    path = tmp_path / "a.png"
    PIL.Image.fromarray(grey(1)).save(path)
    assert Image(path).source == str(path)
    assert Image(path.read_bytes()).source == "picture"
    assert Image(path, source="a cat").source == "a cat"


def test_a_picture_is_decoded_once(tmp_path):
    path = tmp_path / "a.png"
    PIL.Image.fromarray(grey(1)).save(path)
    image = Image(path)
    path.unlink()
    assert np.array_equal(image.pixels, grey(1))


def test_a_url_is_fetched_only_on_request():
    with pytest.raises(ContentError, match=r"Image\(url, allow_urls=True\)"):
        Image("https://example.com/a.png")
    with pytest.raises(ContentError, match=r"127.0.0.1, which is not a public address"):
        Image("http://127.0.0.1:9/a.png", allow_urls=True)


def test_the_pixels_of_an_array_are_copied():
    pixels = grey(1)
    image = Image(pixels)
    pixels[:] = 0
    assert np.array_equal(image.pixels, grey(1))
    assert repr(image) == "<Image 'picture', 64 x 48>"


@pytest.mark.parametrize("data", [None, 5, ["a.png"], {"image": "a.png"}])
def test_what_is_no_picture_is_refused_by_its_type(data):
    with pytest.raises(ContentError, match=f"a {type(data).__name__} is no picture; pass a path"):
        Image(data)
