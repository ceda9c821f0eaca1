import numpy as np
import pytest

from forethought.media.display_matrix import Orientation, nearest_orientation

ONE = 65536
PICTURE = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)


def matrix(a, b, c, d):
    return np.array([a, b, 0, c, d, 0, 7 * ONE, -ONE, 1 << 30], np.int32).view(np.uint8)


def turned(*entries):
    return nearest_orientation(matrix(*entries)).apply(PICTURE)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((1, 0, 0, 1), PICTURE),
        ((-1, 0, 0, 1), PICTURE[:, ::-1]),
        ((1, 0, 0, -1), PICTURE[::-1]),
        ((-1, 0, 0, -1), np.rot90(PICTURE, 2)),
        ((0, 1, 1, 0), PICTURE.transpose(1, 0, 2)),
        ((0, -1, 1, 0), np.rot90(PICTURE, 1)),
        ((0, 1, -1, 0), np.rot90(PICTURE, -1)),
        ((0, -1, -1, 0), np.rot90(PICTURE.transpose(1, 0, 2), 2)),
    ],
)
@pytest.mark.parametrize("noise", [(0, 0, 0, 0), (1, -1, 1, 1), (-900, 900, 900, -900)])
def test_the_nearest_of_the_eight_is_taken(entries, expected, noise):
    found = turned(*(ONE * entry + more for entry, more in zip(entries, noise, strict=True)))
    assert np.array_equal(found, expected)
    assert found.flags.c_contiguous


def test_a_matrix_that_scales_or_says_nothing_leaves_the_picture():
    # 2 is the shape of a pixel; 45 degrees is as near to upright as to a quarter.
    for entries in [(2 * ONE, 0, 0, ONE), (0, 0, 0, 0), (46341, -46341, 46341, 46341)]:
        assert nearest_orientation(matrix(*entries)) == Orientation()
