import io

import numpy as np
import PIL.Image
import pytest
import torch

from forethought.errors import ContentError
from forethought.media.image_source import check_source

PIXELS = np.full((5, 7, 3), 9, np.uint8)


def test_buffers_are_bytes_and_paths_of_any_kind_are_paths(tmp_path):
    class Place:
        def __fspath__(self):
            return str(tmp_path)

    data = bytearray(b"abc")
    copy = check_source(data, "x")
    data[0] = 0
    assert copy == b"abc"
    assert check_source(memoryview(b"abc"), "x") == b"abc"
    assert check_source(Place(), "x") == tmp_path
    assert check_source(PIXELS, "x") is PIXELS


@pytest.mark.parametrize(
    ("tensor", "rule"),
    [
        (
            torch.zeros(3, 5, 7),
            r"torch.Tensor of torch.float32, \(3, 5, 7\).*permute\(1, 2, 0\).numpy",
        ),
        (torch.zeros(5, 7, 3, dtype=torch.uint8), r"pass tensor.numpy\(\) as uint8"),
        (torch.zeros(2, 3, 5, 7), r"\(2, 3, 5, 7\)"),
    ],
)
def test_a_tensor_is_refused_with_the_way_to_an_array(tensor, rule):
    with pytest.raises(ContentError, match=f"^x: a tensor .*{rule}.*values from 0 to 255"):
        check_source(tensor, "x")


@pytest.mark.parametrize(
    ("array", "remedy"),
    [
        (PIXELS / 255, r"\(255 \* array\).round"),
        (PIXELS.transpose(2, 0, 1), r"array.transpose\(1, 2, 0\)"),
        ((PIXELS / 255).transpose(2, 0, 1), r"array.transpose\(1, 2, 0\)"),
        (PIXELS.astype(np.uint16), r"\(array // 257\)"),
        (PIXELS.astype(np.int64), r"array.astype\('uint8'\)"),
        (PIXELS[..., 0], "numpy.stack"),
        (np.dstack([PIXELS, PIXELS[..., :1]]), r"PIL.Image.fromarray\(array\)"),
        (np.stack([PIXELS] * 2), "one RGB picture"),
        (PIXELS[:0], "not empty, got uint8"),
    ],
)
def test_another_array_is_refused_with_the_way_to_the_right_one(array, remedy):
    with pytest.raises(ContentError, match=f"^x: an array must be uint8, .*{remedy}"):
        check_source(array, "x")


@pytest.mark.parametrize("source", [None, 3, ["a.png"], {"a": 1}, io.BytesIO(b"x"), Ellipsis])
def test_another_type_is_refused_by_name(source):
    with pytest.raises(ContentError, match=f"x: an? {type(source).__name__} is no picture; pass a"):
        check_source(source, "x")


def test_a_picture_stays_what_it_is():
    picture = PIL.Image.new("L", (2, 3))
    assert check_source(picture, "x") is picture
